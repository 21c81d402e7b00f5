"""Which tests need a world outside of Python, and which may not run beside each other."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

OUTSIDE = (
    "tests/peers/",
    "tests/monitoring/test_live",
    "tests/discover/test_third_party.py",
    "tests/interrogate/test_third_party.py",
    "tests/simulator/test_third_party_clients.py",
    "tests/observe/media/test_agreement.py",
    "tests/observe/wire/test_gstreamer.py",
    "tests/observe/wire/test_pictures.py",
    "tests/publish/report/test_html_in_browser.py",
    "tests/e2e/test_soak.py",
)
"""Against programs that we did not write, or over a real window of time: minutes, and not needed at every edit."""

DEFAULT_SCHOOL = ("tests/e2e/", "tests/simulator/test_simulate_command.py")
"""They open the simulated school at its usual addresses; only one such school fits on a machine."""


def pytest_itemcollected(item: pytest.Item) -> None:
    """Marks a test by its place, so that no file has to remember it."""
    place = item.path.relative_to(ROOT).as_posix()
    if place.startswith(OUTSIDE) or "browser" in getattr(item, "fixturenames", ()):
        item.add_marker("outside")
    if place.startswith(DEFAULT_SCHOOL):
        item.add_marker(pytest.mark.xdist_group("default school"))
