"""Everything that one visit to a stream yielded, as one value: judged at once, or later from a recording.
Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from camagent.model.fault import Fault, FaultCode, Stage
from camagent.model.json_form import from_json, to_json
from camagent.model.stream import ImageFacts, StreamAccess, StreamFacts, StreamTarget
from camagent.observe.capture import SCHEMA as CAPTURE_SCHEMA
from camagent.observe.capture import Capture, TrackDescription, capture_to_json, is_whole
from camagent.observe.measure import declare, measure
from camagent.observe.picture.opinion import PictureReport, doubt_frozen

SCHEMA = "camagent.stream/1"
MAX_RECORD_CHARS = 16_000_000  # 20 000 frames take under 2 MB; a larger text was not written by us


@dataclass(frozen=True, slots=True)
class StreamRecord:
    """What a visit brought; the facts follow from it."""

    started_at: datetime
    fault: Fault | None
    """What prevented watching."""
    faults: tuple[Fault, ...]
    """What was made good on the way."""
    access: StreamAccess | None
    description: TrackDescription | None
    capture: Capture | None
    report: PictureReport | Fault | None


def stream_facts(record: StreamRecord, target: StreamTarget) -> StreamFacts:
    """The facts of one visit."""
    measured = record.fault or (
        measure(record.capture, record.report) if record.capture is not None else None
    )
    if measured is None:
        measured = Fault(FaultCode.NO_VIDEO, Stage.OBSERVE, "PLAY", 0.0)
    in_band = record.capture.parameter_sets if record.capture is not None else ()
    return StreamFacts(
        target=target,
        configured=None,
        declared=None if record.description is None else declare(record.description, in_band),
        measured=measured,
        image=_image(record),
        access=record.access,
        started_at=record.started_at,
        faults=record.faults + ((measured,) if isinstance(measured, Fault) else ()),
    )


def replay_stream(target: StreamTarget, captured: str) -> StreamFacts:
    """The facts of a visit that is on paper, measured anew.

    Returns: facts with BUDGET_SPENT for numbers where the paper is empty or not ours.
    """
    record = record_from_text(captured)
    if record is None:
        missing = Fault(FaultCode.BUDGET_SPENT, Stage.OBSERVE, "replay", 0.0)
        record = StreamRecord(datetime.fromtimestamp(0, UTC), missing, (), None, None, None, None)
    return stream_facts(record, target)


def record_to_text(record: StreamRecord) -> str:
    """JSON, without any picture."""
    report = record.report
    if isinstance(report, PictureReport) and report.image is not None:
        report = replace(report, image=replace(report.image, numbers=None))  # for this site's store alone
    document = to_json(replace(record, report=report)) | {"schema": SCHEMA, "report_fault": None}
    if record.capture is not None:
        document["capture"] = capture_to_json(record.capture)
    if isinstance(report, Fault):
        document["report"], document["report_fault"] = None, document["report"]
    return json.dumps(document)


def record_from_text(text: str) -> StreamRecord | None:
    """Read what `record_to_text` wrote; None if it is not ours, or was changed."""
    if not text or len(text) > MAX_RECORD_CHARS:
        return None
    try:
        document = json.loads(text)
        if document["schema"] != SCHEMA:
            return None
        record = from_json(
            StreamRecord, {**document, "report": document["report"] or document["report_fault"]}
        )
    except (LookupError, TypeError, ValueError, RecursionError):
        return None
    if record.started_at.tzinfo is None:
        return None
    capture, description = record.capture, record.description
    whole = capture is None or (document["capture"].get("schema") == CAPTURE_SCHEMA and is_whole(capture))
    return record if whole and (description is None or description.clock_hz > 0) else None


def _image(record: StreamRecord) -> ImageFacts | Fault | None:
    report = record.report
    if not isinstance(report, PictureReport):
        return report
    if report.image is None:
        return Fault(FaultCode.DECODE_FAILED, Stage.OBSERVE, "decode", 0.0)
    return report.image if record.capture is None else doubt_frozen(report.image, record.capture.frames)
