"""The main job, end to end: a simulated school is found, checked and judged, and every verdict is the
expected one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from camagent.cli.demo import demo_config, demo_order, school_inventory, simulated_school
from camagent.discover.interfaces import list_interfaces
from camagent.discover.plan import make_plan
from camagent.document.write import scan_document
from camagent.interrogate.interview import InterviewOptions
from camagent.model.fault import Fault, FaultCode
from camagent.model.finding import Outcome, Verdict
from camagent.model.scan_result import CameraResult
from camagent.observe.watch import WatchOptions
from camagent.platform.system_clock import SystemClock
from camagent.run.context import Run
from camagent.run.fleet import Fleet, FleetLimits, FleetOptions
from camagent.run.onlooker import Onlooker
from camagent.run.site_run import scan_site
from camagent.simulator.default_school import default_school

CAMERAS = 16


async def scan_school(password: str) -> Run:
    inventory, addresses = school_inventory(CAMERAS)
    plan = make_plan(list_interfaces(), interfaces=("lo",), subnets=("127.10.1.0/27",), addresses=addresses)
    order = demo_order(demo_config(5.0), inventory, password)
    ports = order.judge.requirement_profile.ports_to_try()
    interview = InterviewOptions(max_requests_per_s=20.0, check_ports=ports)
    options = FleetOptions(interview, WatchOptions(window_s=5.0, budget_s=30.0))
    async with Fleet(FleetLimits(), SystemClock()) as fleet:
        return await scan_site(plan, order, fleet, options, Onlooker())


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    with simulated_school(CAMERAS) as ready:
        yield asyncio.run(scan_school(str(ready["password"])))


@pytest.fixture(scope="module")
def by_address(run: Run) -> dict[str, CameraResult]:
    return {camera.facts.address: camera for camera in run.result.cameras}


def explained(camera: CameraResult) -> str:
    judgements = [
        f"{f.rule} {f.outcome} {f.message}" for f in camera.findings if f.outcome not in (Outcome.PASS,)
    ]
    return "\n".join([camera.facts.name, *judgements])


def test_every_camera_of_the_inventory_is_found_or_named_as_silent(
    by_address: dict[str, CameraResult],
) -> None:
    assert set(by_address) == {camera.address for camera in default_school(CAMERAS)}


@pytest.mark.parametrize("camera", default_school(CAMERAS), ids=lambda camera: camera.name)
def test_every_verdict_and_action_is_the_expected_one(
    camera: object, by_address: dict[str, CameraResult]
) -> None:
    expected = camera.expected  # type: ignore[attr-defined]
    by_camera = by_address[camera.address]  # type: ignore[attr-defined]
    assert by_camera.verdict == expected.verdict, explained(by_camera)
    assert by_camera.upgrade.action == expected.action, explained(by_camera)
    assert by_camera.facts.name == camera.name  # type: ignore[attr-defined]


def test_what_onvif_claims_and_what_arrives_stand_apart(by_address: dict[str, CameraResult]) -> None:
    liar = next(c for c in default_school(CAMERAS) if "12" in c.expected.why and "25" in c.expected.why)
    main = by_address[liar.address].facts.streams[0]
    assert main.configured is not None and main.configured.frame_rate_hz == 25.0
    assert not isinstance(main.measured, Fault)
    assert main.measured.frame_rate_hz == pytest.approx(12.0, rel=0.01)


def test_a_dead_camera_fails_and_is_not_hidden(run: Run) -> None:
    dead = [camera for camera in run.result.cameras if isinstance(camera.facts.device, Fault)]
    assert len(dead) == 1
    assert dead[0].verdict is Verdict.NOT_READY
    assert dead[0].facts.device.code in (FaultCode.REFUSED, FaultCode.TIMEOUT, FaultCode.UNREACHABLE)  # type: ignore[union-attr]
    assert [entry.address for entry in run.result.coverage.not_checked] == [dead[0].facts.address]


def test_the_document_is_json_with_numbers_and_no_secret(run: Run) -> None:
    text = scan_document(run.result).compact_json().decode()
    document = json.loads(text)
    assert document["schema"] == "camagent.scan/1"
    assert document["summary"]["ready"] == run.result.count(Verdict.READY)
    assert document["profile"]["authoritative"] is False
    assert "password" not in text.lower() or "password=" not in text.lower()


def test_identities_are_stable_between_two_runs(run: Run) -> None:
    ids = [camera.facts.id for camera in run.result.cameras]
    assert len(set(ids)) == len(ids)
    again = {device.address: device.id for device in run.memory.devices}
    assert all(again[camera.facts.address] == camera.facts.id for camera in run.result.cameras)


def test_reports_are_written_whole(run: Run, tmp_path: Path) -> None:
    from camagent.cli.run import write_reports

    written = write_reports(scan_document(run.result), tmp_path, group_readable=False)
    assert {path.suffix for path in written} == {".json", ".html", ".xlsx", ".csv"}
    assert all(path.stat().st_size > 1000 for path in written)
    assert not list(tmp_path.glob("*.new"))
