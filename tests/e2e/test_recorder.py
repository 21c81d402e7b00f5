"""A recorder of 32 channels from the scan down: each channel is judged and published by what is kept."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from camagent.cli.demo import demo_config, demo_order
from camagent.discover.interfaces import list_interfaces
from camagent.discover.plan import make_plan
from camagent.document.model import CameraView, ScanDocument
from camagent.document.read import parse_document
from camagent.document.write import scan_document
from camagent.interrogate.interview import InterviewOptions
from camagent.model.finding import Outcome
from camagent.model.scan_result import Declaration
from camagent.observe.watch import WatchOptions
from camagent.platform.system_clock import SystemClock
from camagent.report.csv_ import render_csv
from camagent.run.fleet import Fleet, FleetLimits, FleetOptions
from camagent.run.onlooker import Onlooker
from camagent.run.site_run import scan_site
from camagent.simulator.onvif_media import source_token
from camagent.simulator.school import SimulatedSchool
from camagent.simulator.simulated_camera import SimulatedCamera
from tests.simulator.kept_runs import newest_run
from tests.simulator.schools import PASSWORD, in_school
from tests.simulator.test_recorder_services import own_recorder

pytestmark = pytest.mark.slow  # 64 streams of a second each, four at a time
GAP_S = 86_400.0  # as the default profile has it


async def scanned(camera: SimulatedCamera) -> ScanDocument:
    """The document of one scan of the recorder, through JSON as it is stored."""
    listed = (Declaration(address=camera.address, port=camera.http_port),)
    order = demo_order(demo_config(2.0), listed, PASSWORD)
    plan = make_plan(
        list_interfaces(), interfaces=("lo",), subnets=(f"{camera.address}/32",), addresses=(camera.address,)
    )
    options = FleetOptions(
        InterviewOptions(max_requests_per_s=20.0), WatchOptions(window_s=1.0, budget_s=30.0)
    )
    async with Fleet(FleetLimits(), SystemClock()) as fleet:
        run = await scan_site(plan, order, fleet, options, Onlooker())
    return parse_document(scan_document(run.result).compact_json(), "scan")


@pytest.fixture(scope="module")
def recorder() -> tuple[SimulatedCamera, ScanDocument]:
    device = own_recorder(
        32,
    )

    async def act(school: SimulatedSchool) -> ScanDocument:
        return await scanned(school.cameras[0])

    return device, in_school([device], act)


def by_channel(document: ScanDocument) -> dict[str, CameraView]:
    return {camera.video_source or "": camera for camera in document.cameras}


def test_every_channel_is_judged_by_what_is_kept_of_it(
    recorder: tuple[SimulatedCamera, ScanDocument],
) -> None:
    device, document = recorder
    channels = by_channel(document)
    assert len(channels) == len(document.cameras) == 32
    for kept in device.kept:
        camera = channels[source_token(kept.channel)]
        (finding,) = (one for one in camera.findings if one.rule == "REC-DAYS")
        assert finding.outcome is kept.expected, (kept, finding.message.en)
    outcomes = {kept.channel: kept.expected for kept in device.kept}
    assert list(outcomes.values()).count(Outcome.PASS) == 8  # the others must not pass


def test_what_is_published_of_a_channel_is_what_is_kept(
    recorder: tuple[SimulatedCamera, ScanDocument],
) -> None:
    device, document = recorder
    now = datetime.now(UTC)
    for channel in range(1, 33):
        recording = by_channel(document)[source_token(channel)].recording
        truth = newest_run(device.kept, channel, now, GAP_S)
        assert recording is not None and recording.days is not None
        if truth is None:
            assert (recording.days, recording.since) == (0.0, None)
            continue
        assert recording.since is not None and abs((recording.since - truth[0]).total_seconds()) < 300
        assert recording.newest is not None and abs((recording.newest - truth[1]).total_seconds()) < 300
        assert recording.days == pytest.approx((truth[1] - truth[0]).total_seconds() / 86_400, abs=0.01)
        assert recording.days_with_holes == (2 if channel % 8 == 2 else 0)


def test_the_list_shows_days_and_holes(recorder: tuple[SimulatedCamera, ScanDocument]) -> None:
    _, document = recorder
    listed = render_csv([document], "en")
    assert "Days recorded" in listed and "Recorded days with holes" in listed
