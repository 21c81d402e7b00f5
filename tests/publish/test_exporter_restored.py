"""What is shown after a restart is what was shown before it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from camagent.document.write import scan_document, view_document
from camagent.exporter.restored import restored_status
from camagent.exporter.snapshot import camera_status
from camagent.model.fault import FaultCode
from camagent.model.finding import Outcome
from camagent.model.scan import CameraResult
from camagent.model.stream import OtherStream
from tests import builders as build

REFUSED = build.fault(FaultCode.AUTH_REJECTED)


@pytest.mark.parametrize(
    "result",
    [
        build.camera_result(),
        build.camera_result(findings=(build.finding(outcome=Outcome.FAIL), build.finding(outcome=Outcome.PASS))),
        build.camera_result(findings=(build.finding(outcome=Outcome.NOT_ASSESSED, stream=None),)),
        build.camera_result(facts=build.camera_facts(device=build.fault(FaultCode.UNREACHABLE), streams=())),
        build.camera_result(
            facts=build.camera_facts(device=REFUSED, streams=(build.stream_facts(measured=REFUSED, image=None),))
        ),
        build.camera_result(
            facts=build.camera_facts(
                streams=(build.stream_facts(measured=build.measured_stream(limits=("loop_lag",))),)
            )
        ),
        build.camera_result(
            facts=build.camera_facts(
                device=None, streams=(build.stream_facts(measured=build.fault(FaultCode.BUDGET_SPENT), image=None),)
            )
        ),
        build.camera_result(
            facts=build.camera_facts(others=(OtherStream("P3", None, build.stream_uri(), None, "view"),))
        ),
    ],
    ids=["healthy", "failing", "unknown", "dead", "refused", "spoiled", "unasked", "listed"],
)
def test_a_restart_changes_nothing_that_is_shown(result: CameraResult) -> None:
    if isinstance(result.facts.device, type(REFUSED)):
        result = replace(result, faults=(result.facts.device,))
    document = scan_document(build.scan_result(cameras=(result,)))
    assert restored_status(view_document(document).cameras[0]) == camera_status(result)
