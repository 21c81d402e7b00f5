"""A PC without a battery believes in 1970, counters end in 2038 and 2106: the run goes on and is kept."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from camagent.discover.plan import DiscoveryPlan
from camagent.document.read import parse_document
from camagent.document.write import scan_document
from camagent.model.fault import FaultCode
from camagent.model.stream import StreamFacts
from camagent.platform.system_clock import SystemClock
from camagent.run.context import Run
from camagent.run.fleet import Fleet, FleetLimits
from camagent.run.onlooker import Onlooker
from camagent.run.site_run import SearchOutcome, check_found
from camagent.store import open_store
from camagent.store.refused_logins import open_logins
from tests.fakes import FakeClock
from tests.interrogate.fake_device import LOGIN, FakeDevice, serving
from tests.observe.wire.camera import Camera, running
from tests.observe.wire.watching import doors, measured, watch
from tests.test_safety_promises import OPTIONS, logins_of
from tests.test_trust import NOBODY, found, order

CLOCKS = [
    datetime(1970, 1, 1, 0, 0, 10, tzinfo=UTC),
    datetime(2038, 1, 19, 3, 14, 7, tzinfo=UTC),
    datetime(2038, 1, 19, 3, 14, 9, tzinfo=UTC),
    datetime(2106, 2, 7, 6, 28, 14, tzinfo=UTC),
    datetime(2106, 2, 7, 6, 28, 17, tzinfo=UTC),
]


def run_at(now: datetime, device: FakeDevice) -> Run:
    async def story() -> Run:
        async with serving(device), Fleet(FleetLimits(), FakeClock(now)) as fleet:
            place = SearchOutcome(found(device.target), DiscoveryPlan((), ()), now)
            return await check_found(place, order("127.0.0.1/32", NOBODY), fleet, OPTIONS, Onlooker())

    return asyncio.run(story())


@pytest.mark.parametrize("now", CLOCKS, ids=str)
@pytest.mark.parametrize("login", ["wsse", "digest"])
def test_a_run_at_any_time_is_whole_and_kept(now: datetime, login: str, tmp_path: Path) -> None:
    device = FakeDevice(login=login)
    result = run_at(now, device)
    (camera,) = result.result.cameras
    assert logins_of(device) > 0 and not any(fault.code is FaultCode.AUTH_REJECTED for fault in camera.faults)
    document = scan_document(result.result)
    assert parse_document(document.compact_json(), "x").started_at.astimezone(UTC) == now
    with open_store(tmp_path / "x.sqlite") as store:
        store.save(document)
        store.remember(result.learned, now)
        kept = store.latest()
    assert kept is not None and kept.cameras[0].id == camera.facts.id


class SteppedClock(SystemClock):
    """NTP sets the wall clock a moment after the window has begun; the other clock does not move."""

    def __init__(self, step: timedelta) -> None:
        self.step, self.until_s = step, time.monotonic() + 0.3

    def now(self) -> datetime:
        return super().now() + (self.step if time.monotonic() > self.until_s else timedelta(0))


@pytest.mark.parametrize("step", [timedelta(days=-20_000), timedelta(hours=-1), timedelta(days=30_000)])
def test_a_clock_that_is_set_in_mid_window_changes_no_figure(step: timedelta) -> None:
    async def look() -> StreamFacts:
        async with running(Camera()) as uri:
            return await watch(uri, door=doors(clock=SteppedClock(step)), window_s=1.0)

    figures = measured(asyncio.run(look()))
    assert figures.frame_rate_hz == pytest.approx(50.0, rel=0.1) and figures.gop_length_frames == 10
    assert figures.window_s < 5.0


@pytest.mark.parametrize("step", [timedelta(days=-20_000), timedelta(hours=-2), timedelta(seconds=-1)])
def test_a_clock_that_is_set_back_allows_no_second_try(step: timedelta, tmp_path: Path) -> None:
    """Within a day of the wrong log-in by either clock; a step of years may cost one try, and only one."""
    moment = [datetime(2026, 11, 28, tzinfo=UTC)]
    with open_logins(tmp_path / "x.sqlite", b"k" * 32, lambda: moment[0]) as record:
        assert record.claim("192.0.2.1", LOGIN) is None
        record.refuse("192.0.2.1", LOGIN)
        moment[0] += step
        tries = 0
        for _ in range(5):
            if record.claim("192.0.2.1", LOGIN) is None:
                tries += 1
                record.refuse("192.0.2.1", LOGIN)
    assert tries == (1 if abs(step) > timedelta(days=1) else 0)
