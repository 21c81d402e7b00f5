"""`python -m guide`: walk the technician's hour and write its screens into both pages.

    python -m guide              writes docs/guide.md and docs/huong-dan.vi.md
    python -m guide --show en    prints the screens of one language as JSON, and writes nothing

Root rights on Linux: the school stands in a network of its own, behind a virtual cable, so that the screens
show what a school's network shows and nothing else on this machine is touched.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict

from guide.hour import walk
from guide.screens import PAGES, ROOT, with_screens

OWN_NETWORK = ["unshare", "--net", "--mount", "sh", "-c", 'mount -t sysfs sysfs /sys && exec "$@"', "sh"]
"""A network without cards, and a /sys that shows only its own."""
INSIDE = "--inside"


def main() -> None:
    """Enter a network of our own, then walk."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--show", choices=sorted(PAGES))
    parser.add_argument(INSIDE, action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if not asked.inside:
        if os.geteuid() != 0:
            sys.exit("make guide needs root rights: it makes a network of its own")
        os.chdir(ROOT)
        os.execvp(OWN_NETWORK[0], [*OWN_NETWORK, sys.executable, "-m", "guide", *sys.argv[1:], INSIDE])
    if asked.show:
        print(json.dumps([asdict(screen) for screen in walk(asked.show)], ensure_ascii=False))
        return
    for language, page in PAGES.items():
        screens = {}
        for screen in walk(language):
            print(f"{language} {screen.name}: exit {screen.exit_code}", file=sys.stderr)
            screens[screen.name] = screen
        page.write_text(with_screens(page.read_text(encoding="utf-8"), screens), encoding="utf-8")


if __name__ == "__main__":
    main()
