"""Which tests need a world outside of Python, and which run alone."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from camagent.cli.language import DEFAULT_LANGUAGE, set_language
from tests.again import Again

# Four workers share two cores: how long an example takes says nothing of the code. CI draws the same examples
# each time; a developer draws new ones.
settings.register_profile(
    "camagent", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize="CI" in os.environ
)
settings.load_profile("camagent")

# What collecting makes lives to the end; to look for garbage among it cost each worker 0.8 s of processor.
gc.disable()

ROOT = Path(__file__).resolve().parent.parent

OUTSIDE = (
    "tests/peers/",
    "tests/monitoring/test_live",
    "tests/discover/test_third_party_discovery.py",
    "tests/interrogate/test_third_party.py",
    "tests/simulator/test_third_party_clients.py",
    "tests/observe/media/test_agreement.py",
    "tests/observe/wire/test_gstreamer.py",
    "tests/observe/wire/test_pictures.py",
    "tests/observe/wire/test_publisher.py",
    "tests/publish/report/test_html_in_browser.py",
    "tests/e2e/test_soak.py",
    "tests/ui/test_hour_in_browser.py",
)
"""Against programs that we did not write, or over a real window of time: minutes, and not needed at every
edit."""

ALONE = (
    "tests/e2e/",
    "tests/network/test_slow_lines.py",
    "tests/simulator/test_simulate_command.py",
    "tests/ui/test_hour_in_browser.py",
)
"""They open the simulated school at its usual addresses, of which a machine has one, or relay a stream at a
pace, and measure over real windows of time: beside others on two cores, a window that was not smooth is told
as such, and no verdict is sure."""


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Again(), "again")


@pytest.fixture(autouse=True)
def vietnamese() -> None:
    """Each test begins in the default language, whatever a test before it on the same worker chose."""
    set_language(DEFAULT_LANGUAGE)


@pytest.fixture(autouse=True, scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What the command keeps goes to folders of this run: the developer's own records are not touched, and
    those of another version are not met."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAMAGENT_DATA", str(tmp_path_factory.mktemp("data")))
        patch.setenv("CAMAGENT_CONFIG_DIR", str(tmp_path_factory.mktemp("config")))
        yield


CASES_BEFORE: set[str] = set()


def pytest_itemcollected(item: pytest.Item) -> None:
    """Marks a test by its place, so that no file has to remember it; of `first_case` the others are slow."""
    place = item.path.relative_to(ROOT).as_posix()
    if place.startswith(OUTSIDE) or "browser" in getattr(item, "fixturenames", ()):
        item.add_marker("outside")
    if place.startswith(ALONE):
        item.add_marker("alone")
    if item.get_closest_marker("first_case"):
        name = item.nodeid.partition("[")[0]
        if name in CASES_BEFORE:
            item.add_marker("slow")
        CASES_BEFORE.add(name)


def pytest_collection_finish() -> None:
    """From now on garbage is looked for as usual, but not among what collecting made."""
    gc.freeze()
    gc.enable()
