"""Everything that one visit to a stream yielded, as one value: judged at once, or from paper later. Pure."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from camagent.model.fault import Fault, FaultCode, Stage
from camagent.model.stream import ImageFacts, StreamAccess, StreamFacts, StreamTarget
from camagent.observe.capture import (
    Capture,
    TrackDescription,
    capture_from_json,
    capture_to_json,
    description_from_json,
    description_to_json,
    fault_from_json,
)
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
    measured = record.fault or (measure(record.capture, record.report) if record.capture is not None else None)
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
    return json.dumps(
        {
            "schema": SCHEMA,
            "started_at": record.started_at.isoformat(),
            "fault": None if record.fault is None else asdict(record.fault),
            "faults": [asdict(fault) for fault in record.faults],
            "access": None if record.access is None else asdict(record.access),
            "description": None if record.description is None else description_to_json(record.description),
            "capture": None if record.capture is None else capture_to_json(record.capture),
            "report": asdict(report) if isinstance(report, PictureReport) else None,
            "report_fault": asdict(report) if isinstance(report, Fault) else None,
        }
    )


def record_from_text(text: str) -> StreamRecord | None:
    """Read what `record_to_text` wrote; None if it is not ours, or was changed."""
    if not text or len(text) > MAX_RECORD_CHARS:
        return None
    try:
        document = json.loads(text)
        return _read(document) if document["schema"] == SCHEMA else None
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError, RecursionError):
        return None


def _read(document: dict[str, Any]) -> StreamRecord:
    access, description = document["access"], document["description"]
    capture = None if document["capture"] is None else capture_from_json(document["capture"])
    if capture is None and document["capture"] is not None:
        raise ValueError("capture")
    started_at = datetime.fromisoformat(document["started_at"])
    if started_at.tzinfo is None:
        raise ValueError("started_at")
    return StreamRecord(
        started_at=started_at,
        fault=fault_from_json(document["fault"]),
        faults=tuple(fault for values in document["faults"] if (fault := fault_from_json(values)) is not None),
        access=None if access is None else _read_access(access),
        description=None if description is None else description_from_json(description),
        capture=capture,
        report=_read_report(document),
    )


def _read_access(values: dict[str, Any]) -> StreamAccess:
    return StreamAccess(**{**values, "offered": tuple(map(str, values["offered"]))})


def _read_report(document: dict[str, Any]) -> PictureReport | Fault | None:
    values = document["report"]
    if values is None:
        return fault_from_json(document["report_fault"])
    image = values["image"]
    if image is not None:
        words = {name: tuple(map(str, image[name])) for name in ("conditions", "unsure")}
        values = {**values, "image": ImageFacts(**{**image, **words})}
    return PictureReport(**values)


def _image(record: StreamRecord) -> ImageFacts | Fault | None:
    report = record.report
    if not isinstance(report, PictureReport):
        return report
    if report.image is None:
        return Fault(FaultCode.DECODE_FAILED, Stage.OBSERVE, "decode", 0.0)
    return report.image if record.capture is None else doubt_frozen(report.image, record.capture.frames)
