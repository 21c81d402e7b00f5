"""A device behind a bad line tells the same as one beside us."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from camagent.interrogate.interview import InterviewDoors, InterviewOptions, interrogate
from camagent.model.device import DeviceClock, DeviceFacts, DeviceTarget
from camagent.platform.system_clock import SystemClock
from camagent.wire.login_ledger import LoginLedger
from tests.interrogate.fake_device import LOGIN, FakeDevice, serving
from tests.network.impaired import Line, tcp_line

OPTIONS = InterviewOptions(max_requests_per_s=1000.0)
LINES = {
    "far away": Line(delay_s=0.25),
    "a slow uplink": Line(rate_bps=128_000),
    "every tenth segment lost": Line(lost_ratio=0.1),
    "all of it": Line(delay_s=0.1, rate_bps=256_000, lost_ratio=0.05, seed=7),
}


async def asked(line: Line | None, login: str) -> DeviceFacts:
    """What the device tells over that line; None: beside us."""
    device = FakeDevice(login=login)
    async with serving(device):
        with tcp_line(("127.0.0.1", device.port), line or Line()) as (host, port):
            device.named_host = f"{host}:{port}"
            doors = InterviewDoors(SystemClock(), LoginLedger())
            return await interrogate(DeviceTarget(host, port), LOGIN, OPTIONS, doors)


def told(facts: DeviceFacts) -> dict[str, object]:
    """What has to be equal: everything but our own ports and what time passed."""
    assert isinstance(facts.clock, DeviceClock)
    steady = replace(facts.clock, utc=None, local=None, offset_s=None, round_trip_s=0.0)
    names = ("information", "network", "scopes", "users", "login", "capabilities", "recovered")
    media = str(facts.media).replace(str(facts.target.port), "PORT")
    return {name: getattr(facts, name) for name in names} | {"clock": steady, "media": media}


@pytest.mark.slow
@pytest.mark.parametrize("login", ["wsse", "digest"])
@pytest.mark.parametrize("name", LINES)
def test_a_bad_line_changes_no_fact(name: str, login: str) -> None:
    over_line = asyncio.run(asked(LINES[name], login))
    assert told(over_line) == told(asyncio.run(asked(None, login)))
    assert isinstance(over_line.clock, DeviceClock) and over_line.clock.offset_s is not None
    assert abs(over_line.clock.offset_s) < 2.0  # its own: half of the way is taken off
