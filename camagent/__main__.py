"""Where camagent starts, as a command and as `python -m camagent`.

A press of Ctrl-C shows no traceback, however early or late it comes; so nothing is imported before the first
line that would catch it.
"""

import os
import sys

INTERRUPTED = 130  # platform.ending.EXIT_ENDED, which may not have been read yet


def start() -> None:
    """Run the command line; exits with the contract's codes."""
    try:
        # pydantic else asks every package that is installed for plugins, which takes 14 ms
        os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
        from camagent.platform.ending import end_at_once, end_politely
        from camagent.platform.garbage import rest_while_loading

        end_politely()
        rest_while_loading()
        from camagent.cli.main import main

        try:
            main()
        finally:
            end_at_once()
    except KeyboardInterrupt:  # nothing had begun
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    start()
