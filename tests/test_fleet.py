"""The fleet's limits: one visitor per device, a bandwidth cap, and a bug of ours that costs one camera
only."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from camagent.model.device import DeviceTarget
from camagent.model.fault import Fault, FaultCode
from camagent.model.stream import StreamTarget
from camagent.observe.watch import WatchOptions
from camagent.run import fleet as fleet_module
from camagent.run.fleet import Bandwidth, Fleet, FleetLimits, FleetOptions, Job
from camagent.run.visit import DeviceCheck
from tests.builders import NOW, stream_uri
from tests.fakes import FakeClock, LeapingLoop


def run_fleet(
    jobs: Sequence[Job],
    limits: FleetLimits,
    monkeypatch: pytest.MonkeyPatch,
    visit: Any,
    options: FleetOptions = FleetOptions(),  # noqa: B008 - frozen
) -> Any:
    monkeypatch.setattr(fleet_module, "check_device", visit)

    async def run() -> tuple[DeviceCheck, ...]:
        async with Fleet(limits, FakeClock()) as fleet:
            return await fleet.check(jobs, options)

    with asyncio.Runner(loop_factory=LeapingLoop) as runner:
        return runner.run(run())


def empty(target: Any) -> DeviceCheck:
    return DeviceCheck(target, None, (), NOW, 0.0)


def test_answers_come_in_the_order_of_the_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    async def visit(target: Any, _credential: Any, _doors: Any) -> DeviceCheck:
        await asyncio.sleep(0.02 if target.host.endswith("1") else 0)
        return empty(target)

    jobs = [Job(DeviceTarget(f"192.0.2.{n}")) for n in (1, 2, 3)]
    checks = run_fleet(jobs, FleetLimits(), monkeypatch, visit)
    assert [check.target for check in checks] == [job.target for job in jobs]


def test_a_device_has_one_visitor_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    inside, most = 0, 0

    async def visit(target: Any, _credential: Any, _doors: Any) -> DeviceCheck:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(0.005)
        inside -= 1
        return empty(target)

    jobs = [Job(StreamTarget(stream_uri(path=f"/{n}"))) for n in range(5)]
    run_fleet(jobs, FleetLimits(), monkeypatch, visit)
    assert most == 1


def test_only_so_many_devices_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    inside, most = 0, 0

    async def visit(target: Any, _credential: Any, _doors: Any) -> DeviceCheck:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(0.005)
        inside -= 1
        return empty(target)

    run_fleet([Job(DeviceTarget(f"192.0.2.{n}")) for n in range(20)], FleetLimits(4), monkeypatch, visit)
    assert most == 4


def test_a_bug_of_ours_costs_one_camera_and_quotes_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def visit(target: Any, _credential: Any, _doors: Any) -> DeviceCheck:
        if target.host == "192.0.2.1":
            raise KeyError("hunter2")
        return empty(target)

    checks = run_fleet([Job(DeviceTarget(f"192.0.2.{n}")) for n in (1, 2)], FleetLimits(), monkeypatch, visit)
    assert checks[0].defect is not None and checks[0].defect.startswith("KeyError")
    assert isinstance(checks[0].device, Fault) and checks[0].device.code is FaultCode.DEFECT
    assert checks[1].defect is None
    assert "hunter2" not in caplog.text + checks[0].defect


def test_a_transcript_that_cannot_be_written_loses_nothing_that_was_seen(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def visit(target: Any, _credential: Any, _doors: Any) -> DeviceCheck:
        return empty(target)

    monkeypatch.setattr(fleet_module, "check_device", visit)
    (tmp_path / "file").write_text("")

    async def run() -> tuple[Any, Any]:
        async with Fleet(FleetLimits(), FakeClock()) as fleet:
            options = FleetOptions(record=tmp_path / "file" / "folder")
            return await fleet.check([Job(DeviceTarget("192.0.2.1"))], options), fleet.unwritten

    (check,), unwritten = asyncio.run(run())
    assert check.defect is None and check.device is None
    assert [reason.key for _, reason in unwritten] == ["os.not_folder"]


def test_a_check_that_never_ends_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet_module, "DEVICE_SLACK_S", 0.05)

    async def visit(_target: Any, _credential: Any, _doors: Any) -> DeviceCheck:
        await asyncio.Event().wait()
        raise AssertionError

    at_once = FleetOptions(watch=WatchOptions(budget_s=0.0))
    checks = run_fleet(
        [Job(DeviceTarget("192.0.2.1"))], FleetLimits(device_budget_s=0.0), monkeypatch, visit, at_once
    )
    assert isinstance(checks[0].device, Fault)
    assert checks[0].device.code is FaultCode.BUDGET_SPENT
    assert checks[0].defect is None


def test_waiting_for_our_own_bandwidth_cap_is_not_the_device_s_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet_module, "DEVICE_SLACK_S", 0.2)

    async def visit(target: Any, _credential: Any, doors: Any) -> DeviceCheck:
        async with doors.admit(1e6):
            await asyncio.sleep(0.15)
        return empty(target)

    jobs = [Job(DeviceTarget(f"192.0.2.{n}")) for n in range(6)]
    limits = FleetLimits(bandwidth_bps=1e6, device_budget_s=0.0)
    checks = run_fleet(jobs, limits, monkeypatch, visit, FleetOptions(watch=WatchOptions(budget_s=0.0)))
    assert [check.device for check in checks] == [None] * 6, "the last of them waited for 0.75 s"


def test_bandwidth_is_capped_and_one_large_stream_is_let_in_alone() -> None:
    async def run() -> tuple[float, bool]:
        gate = Bandwidth(10e6)
        used, most = 0.0, 0.0

        async def stream(bps: float) -> None:
            nonlocal used, most
            async with gate.admit(bps):
                used += bps
                most = max(most, used)
                await asyncio.sleep(0.001)
                used -= bps

        await asyncio.gather(*(stream(4e6) for _ in range(10)))
        capped = most
        await asyncio.wait_for(stream(50e6), 1)
        return capped, True

    assert asyncio.run(run()) == (8e6, True)


def test_a_cancelled_wait_for_bandwidth_gives_nothing_away() -> None:
    async def run() -> None:
        gate = Bandwidth(1e6)
        async with gate.admit(1e6):
            waiting = asyncio.create_task(gate.admit(1e6).__aenter__())
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        async with asyncio.timeout(20), gate.admit(1e6):
            pass

    asyncio.run(run())
