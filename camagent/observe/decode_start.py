"""Where the decoder's process starts: what it loads is not looked through for garbage."""

from __future__ import annotations

from camagent.platform.garbage import rest_while_loading


def start_decoder() -> None:
    """Load the decoder and serve; see `decode_worker.main`."""
    rest_while_loading()
    from camagent.observe.decode_worker import main

    main()


if __name__ == "__main__":
    start_decoder()
