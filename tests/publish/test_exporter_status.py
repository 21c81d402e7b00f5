"""What the exporter shows of a camera: the same after a restart as before it, and whether it answered."""

from __future__ import annotations

from dataclasses import replace

import pytest

from camagent.document.read import parse_cameras
from camagent.document.site_status import camera_status
from camagent.model.fault import Fault, FaultCode, Stage
from camagent.model.finding import Outcome
from camagent.model.scan_result import CameraResult
from camagent.model.stream import OtherStream
from tests import builders as build
from tests.publish.samples import status, view

REFUSED = build.fault(FaultCode.AUTH_REJECTED)


SILENT = build.device_facts(
    clock=build.fault(stage=Stage.INTERROGATE), faults=(build.fault(stage=Stage.INTERROGATE),)
)


LISTED = OtherStream("P3", None, build.stream_uri(), None, "view")


def asked(code: FaultCode) -> Fault:
    return build.fault(code, stage=Stage.INTERROGATE, doing="GetSystemDateAndTime")


def with_streams(*measured: object, device: object = None) -> CameraResult:
    streams = tuple(build.stream_facts(measured=one, image=None) for one in measured)
    return build.camera_result(facts=build.camera_facts(device=device, streams=streams))


@pytest.mark.parametrize(
    "result",
    [
        build.camera_result(),
        build.camera_result(
            findings=(build.finding(outcome=Outcome.FAIL), build.finding(outcome=Outcome.PASS))
        ),
        build.camera_result(findings=(build.finding(outcome=Outcome.NOT_ASSESSED, stream=None),)),
        with_streams(device=asked(FaultCode.UNREACHABLE)),
        with_streams(REFUSED, device=asked(FaultCode.AUTH_REJECTED)),
        with_streams(build.measured_stream(limits=("loop_lag",)), device=build.device_facts()),
        with_streams(build.fault(FaultCode.BUDGET_SPENT)),
        build.camera_result(facts=build.camera_facts(others=(LISTED,))),
    ],
    ids=["healthy", "failing", "unknown", "dead", "refused", "spoiled", "unasked", "listed"],
)
def test_a_restart_changes_nothing_that_is_shown(result: CameraResult) -> None:
    if isinstance(result.facts.device, type(REFUSED)):
        result = replace(result, faults=(result.facts.device,))
    text = view(build.scan_result(cameras=(result,))).compact_json()
    (read,) = parse_cameras(text, "store")
    assert not isinstance(read, Exception) and camera_status(read) == status(result)


@pytest.mark.parametrize(
    ("result", "up"),
    [
        (with_streams(device=build.device_facts()), True),
        (with_streams(device=asked(FaultCode.TIMEOUT)), False),
        (with_streams(device=asked(FaultCode.AUTH_REJECTED)), True),
        (with_streams(device=asked(FaultCode.BUDGET_SPENT)), None),
        (
            with_streams(
                device=build.device_facts(clock=asked(FaultCode.TIMEOUT), faults=(asked(FaultCode.TIMEOUT),))
            ),
            False,
        ),
        (with_streams(build.fault(FaultCode.TIMEOUT), device=asked(FaultCode.TIMEOUT)), False),
        (with_streams(build.measured_stream(), device=asked(FaultCode.TIMEOUT)), True),
        (with_streams(build.fault(FaultCode.TIMEOUT), build.fault(FaultCode.BUDGET_SPENT)), False),
        (with_streams(build.fault(FaultCode.REFUSED), build.fault(FaultCode.RTSP_ERROR)), True),
    ],
)
def test_a_camera_answered_where_anything_of_it_did(result: CameraResult, up: bool | None) -> None:
    """What the device or a stream said counts; what says something about us only does not."""
    assert status(result).up is up
