"""Ctrl-C in mid-scan: what was seen is judged and kept, the rest is said to be stopped, and nothing is
learned."""

from __future__ import annotations

import asyncio
from itertools import chain
from pathlib import Path

import pytest

from camagent.app import RunOptions
from camagent.app.requirements import load_profile
from camagent.cli.scanning import publish
from camagent.document.write import scan_document
from camagent.model.credential_book import CredentialBook
from camagent.model.device import DeviceTarget
from camagent.model.earlier_runs import Memory, MemoryChange
from camagent.model.fault import FaultCode
from camagent.model.finding import Outcome, Verdict
from camagent.run.context import JudgingContext, Run
from camagent.run.fleet import Fleet, FleetLimits, FleetOptions, Job
from camagent.run.onlooker import Onlooker
from camagent.run.site_run import check_targets
from camagent.run.stopped import stopped_check
from camagent.run.turn import WatchedSource
from camagent.run.visit import DeviceCheck, Judge
from camagent.store import open_store
from camagent.wire.login_ledger import LoginLedger
from tests import builders
from tests.builders import NOW, profile_stamp, site_facts
from tests.fakes import FakeClock

FINISHED, HANGING, BEGUN, WAITING = (DeviceTarget(f"192.0.2.{n}", 80) for n in range(1, 5))


def stopped_run(monkeypatch: pytest.MonkeyPatch, ended: list[str]) -> Run:
    """Four cameras, two at a time: one is done, two are being watched, one waits, when the user stops."""

    async def guarded(self: Fleet, job: Job, _options: FleetOptions) -> DeviceCheck:
        if job.target != FINISHED:
            try:
                await asyncio.sleep(3600)
            finally:
                ended.append(job.host)
        source = WatchedSource(None, None, (builders.stream_facts(),))
        return DeviceCheck(job.target, builders.device_facts(), (source,), NOW, 1.0)

    monkeypatch.setattr(Fleet, "_guarded", guarded)
    order = JudgingContext(
        Judge(load_profile("ubnd-3288"), site_facts()), profile_stamp(), CredentialBook(), (), Memory()
    )

    async def run() -> Run:
        async with Fleet(FleetLimits(devices_at_once=2), FakeClock(), LoginLedger()) as fleet:
            jobs = [Job(target) for target in (FINISHED, HANGING, BEGUN, WAITING)]

            def heard(_phase: str, done: int, _total: int) -> None:
                if done == 1:
                    asyncio.get_running_loop().call_soon(fleet.stop)

            return await check_targets(jobs, order, fleet, FleetOptions(), Onlooker(heard))

    return asyncio.run(run())


def test_what_was_seen_is_judged_and_the_rest_is_said_to_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[str] = []
    run = stopped_run(monkeypatch, ended)
    cameras = {camera.facts.address: camera for camera in run.result.cameras}
    assert set(cameras) == {f"192.0.2.{number}" for number in range(1, 5)}
    assert any(row.rule == "IMG-RES" and row.outcome is Outcome.PASS for row in cameras["192.0.2.1"].findings)
    for address in ("192.0.2.2", "192.0.2.3", "192.0.2.4"):
        camera = cameras[address]
        assert camera.verdict is Verdict.UNDETERMINED and FaultCode.STOPPED in {
            fault.code for fault in camera.faults
        }
        assert not [row for row in camera.findings if row.outcome is Outcome.FAIL]
    assert sorted(ended) == ["192.0.2.2", "192.0.2.3"]  # the one that waited was never begun
    assert run.result.coverage.notes[-1] == "stopped:3"


def test_nothing_is_learned_of_a_run_that_was_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    run = stopped_run(monkeypatch, [])
    assert not run.is_complete and run.learned == MemoryChange()


def test_it_is_shown_stored_and_exits_as_stopped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = stopped_run(monkeypatch, [])
    with open_store(tmp_path / "record.sqlite") as store:
        assert publish(run, RunOptions(output=tmp_path / "out"), store) == 130
        out = capsys.readouterr().out
        kept = store.latest()
        assert kept is not None and kept.coverage.notes[-1] == "stopped:3" and len(kept.cameras) == 4
        counted = store.histories(run.result.finished_at)
        assert len(counted) == 1  # an answer that nobody waited for is not a missing one
    assert "192.0.2.1" in out and "Người dùng đã dừng khi còn 3 camera" in out
    assert (tmp_path / "out" / "camagent.html").exists()


def test_what_a_device_said_before_the_stop_is_kept() -> None:
    facts = builders.device_facts()
    check = stopped_check(HANGING, facts, NOW)
    assert check.device is facts
    (source,) = check.sources
    (stream,) = source.streams
    assert (
        stream.fault is not None and stream.fault.code is FaultCode.STOPPED and stream.configured is not None
    )


def test_a_stopped_camera_is_a_document_like_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    document = scan_document(stopped_run(monkeypatch, []).result)
    assert {fault.code for fault in chain.from_iterable(camera.faults for camera in document.cameras)} >= {
        "stopped"
    }


def test_two_calls_at_once_answer_each_with_its_own_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service asks for one device a call, many calls at once: none may get the neighbour's answer."""

    async def guarded(self: Fleet, job: Job, _options: FleetOptions) -> DeviceCheck:
        await asyncio.sleep(0.02 if job.target == FINISHED else 0.01)
        return DeviceCheck(job.target, builders.device_facts(), (), NOW, 1.0)

    monkeypatch.setattr(Fleet, "_guarded", guarded)

    async def run() -> list[tuple[DeviceCheck, ...]]:
        async with Fleet(FleetLimits(), FakeClock(), LoginLedger()) as fleet:
            calls = [fleet.check([Job(target)], FleetOptions()) for target in (FINISHED, HANGING)]
            return await asyncio.gather(*calls)

    first, second = asyncio.run(run())
    assert [check.target for check in first] == [FINISHED] and [check.target for check in second] == [HANGING]
