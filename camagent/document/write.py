"""The result document: ScanResult to the contract's JSON and back. Pure.

The contract (docs/architecture.md, docs/schema) is written here and nowhere else. Numbers stay numbers, unknown is
null, times are RFC 3339 UTC, no address carries a credential, no text carries a control character.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, TypeVar

from pydantic import ValidationError

from camagent import __version__
from camagent.document.read import SCHEMAS, DocumentCore, ScanDocument
from camagent.model.device import DeviceClock, DeviceFacts, DeviceInformation, NetworkFacts
from camagent.model.fault import Fault
from camagent.model.finding import Finding, Upgrade, Verdict
from camagent.model.onvif import claimed_profiles
from camagent.model.scan import CameraResult, ScanResult
from camagent.model.stream import (
    FileTarget,
    ImageFacts,
    MeasuredStream,
    OtherStream,
    ProfileTarget,
    StreamFacts,
    StreamRole,
    StreamTarget,
)
from camagent.model.text import Localised, Message, Scalar, message
from camagent.text import both, render
from camagent.text.vietnamese import clean_paragraph

MAX_DOCUMENT_BYTES = 64 * 2**20  # a school of 64 cameras is about 3 MB; bounds what a stranger's file can make us read

Document = dict[str, Any]
D = TypeVar("D", bound=DocumentCore)


class DocumentError(Exception):
    """A file is not a result document that we read; `problem` is one line: which file, where in it, what."""

    def __init__(self, problem: Message) -> None:
        super().__init__(render(problem, "en"))
        self.problem = problem


def scan_document(scan: ScanResult) -> Document:
    """The run as the contract's document, ready for `json.dumps`."""
    document = {
        "schema": f"camagent.{scan.kind}/1",
        "agent": {"version": __version__},
        "site": asdict(scan.site),
        "started_at": scan.started_at,
        "finished_at": scan.finished_at,
        "profile": asdict(scan.profile),
        "coverage": asdict(scan.coverage),
        "cameras": [_camera(camera) for camera in scan.cameras],
        "site_findings": [_finding(finding) for finding in scan.site_findings],
        "summary": {verdict.value: scan.count(verdict) for verdict in Verdict},
    }
    return {key: _plain(value) for key, value in document.items()}


def parse_document(text: str | bytes, source: str) -> ScanDocument:
    """Read a result document; `source` is the file's name, for the message.

    Raises: DocumentError with one line: file, where, what.
    """
    return parse_as(ScanDocument, text, source)


def parse_as(model: type[D], text: str | bytes, source: str) -> D:
    """The same as far as `model` reads it."""
    if len(text) > MAX_DOCUMENT_BYTES:
        raise DocumentError(message("report.document.too_big", source=source, limit=MAX_DOCUMENT_BYTES // 2**20))
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        raise DocumentError(_problem(error, source)) from None


def view_document(document: Mapping[str, Any]) -> ScanDocument:
    """The typed view that every renderer reads, of a document in memory."""
    return parse_document(json.dumps(document), "result")


def read_schema(text: str | bytes) -> str | None:
    """The schema that a text names at its beginning, also where we do not read it; None where it names none."""
    head = text[:4096]
    found = re.search(
        r'"schema"\s*:\s*"([^"]{1,80})"', head if isinstance(head, str) else head.decode("utf-8", "replace")
    )
    return found.group(1) if found else None


def _problem(error: ValidationError, source: str) -> Message:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(str(step) for step in first["loc"])[:120] or "-"
    if first["type"] == "json_invalid":
        return message("report.document.not_json", source=source)
    if where == "schema":
        return message("report.document.foreign_schema", source=source, known=", ".join(SCHEMAS))
    key = "missing" if first["type"] == "missing" else "wrong_value"
    return message(f"report.document.{key}", source=source, where=where)


def _camera(result: CameraResult) -> Document:
    facts = result.facts
    declaration = facts.declaration
    return {
        "id": facts.id,
        "name": facts.name,
        "address": facts.address,
        "place": declaration.place if declaration else None,
        "task": declaration.task if declaration else None,
        "video_source": facts.video_source,
        "device": _device(facts.device) if isinstance(facts.device, DeviceFacts) else None,
        "clock": _clock(facts.device) if isinstance(facts.device, DeviceFacts) else None,
        "streams": [*map(_stream, facts.streams), *map(_other_stream, facts.others)],
        "findings": [_finding(finding) for finding in result.findings],
        "faults": [asdict(fault) for fault in _faults(result)],
        "verdict": result.verdict,
        "upgrade": _upgrade(result.upgrade),
        "checked_at": result.checked_at,
        "duration_s": result.duration_s,
        "identity": facts.identity,
        "changes": facts.changes,
    }


def _faults(result: CameraResult) -> list[Fault]:
    """Every fault of the camera once, in the order of the work."""
    device = result.facts.device
    told: list[Fault] = list(device.faults) if isinstance(device, DeviceFacts) else []
    if isinstance(device, Fault):
        told.append(device)
    for stream in result.facts.streams:
        told += [*stream.faults, *([stream.fault] if stream.fault else [])]
    return list(dict.fromkeys([*told, *result.faults]))


def _device(device: DeviceFacts) -> Document:
    known = device.information if isinstance(device.information, DeviceInformation) else None
    macs = device.network.macs if isinstance(device.network, NetworkFacts) else ()
    scopes = () if isinstance(device.scopes, Fault) else device.scopes
    return {
        "manufacturer": known.manufacturer if known else None,
        "model": known.model if known else None,
        "firmware": known.firmware if known else None,
        "serial": known.serial if known else None,
        "mac": macs[0] if macs else None,
        "onvif_profiles": sorted(claimed_profiles(scopes)),
    }


def _clock(device: DeviceFacts) -> Document | None:
    if not isinstance(device.clock, DeviceClock):
        return None
    return {key: getattr(device.clock, key) for key in ("offset_s", "source", "time_zone")}


def _stream(stream: StreamFacts) -> Document:
    return {
        "role": stream.role,
        **_source(stream.target),
        "configured": asdict(stream.configured) if stream.configured else None,
        "declared": asdict(stream.declared) if stream.declared else None,
        "measured": asdict(stream.measured) if isinstance(stream.measured, MeasuredStream) else None,
        "image": asdict(stream.image) if isinstance(stream.image, ImageFacts) else None,
        "access": asdict(stream.access) if stream.access else None,
        "fault": asdict(stream.fault) if stream.fault else None,
        "not_judged": None,
    }


def _source(target: StreamTarget | ProfileTarget | FileTarget) -> Document:
    if isinstance(target, FileTarget):
        return {"token": None, "name": None, "uri": str(target.path), "kind": "file"}
    uri = target.uri.shown if isinstance(target, StreamTarget) else None
    return {"token": target.token, "name": target.name, "uri": uri, "kind": "rtsp"}


def _other_stream(other: OtherStream) -> Document:
    """A stream that was not watched, in the shape of one that was: nothing is measured, and it says why not."""
    return {
        "role": StreamRole.SUB,
        "token": other.token,
        "name": other.name,
        "uri": other.uri.shown if other.uri is not None else None,
        "kind": "rtsp",
        "configured": asdict(other.configured) if other.configured else None,
        "declared": None,
        "measured": None,
        "image": None,
        "access": None,
        "fault": None,
        "not_judged": other.not_judged,
    }


def _finding(finding: Finding) -> Document:
    return {
        "rule": finding.rule,
        "title": finding.title,
        "outcome": finding.outcome,
        "severity": finding.severity,
        "stream": finding.stream,
        "observed": finding.observed,
        "required": finding.required,
        "recommended": finding.recommended,
        "unit": finding.unit,
        "uncertainty": finding.uncertainty,
        "configured": finding.configured,
        "declared": finding.declared,
        "measured": finding.measured,
        "basis": asdict(finding.basis),
        "message": finding.message,
        "remedy": finding.remedy,
        "check": finding.check,
        "manual": finding.manual,
    }


def _upgrade(upgrade: Upgrade) -> Document:
    return {
        "action": upgrade.action,
        "steps": upgrade.steps,
        "certain": upgrade.certain,
        "rules": upgrade.rules,
        "settings": [asdict(setting) for setting in upgrade.settings],
        "cost_class": upgrade.cost_class,
        "cost_amount": upgrade.cost_amount,
        "cost_currency": upgrade.cost_currency,
        "bitrate_before_bps": upgrade.bitrate_before_bps,
        "bitrate_after_bps": upgrade.bitrate_after_bps,
        "tender": upgrade.tender,
    }


def _plain(value: Any) -> Any:
    """Only what JSON has: texts made harmless, messages in both languages, times in UTC, no NaN."""
    if isinstance(value, str):
        return clean_paragraph(str(value))
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, Message):
        return _plain(asdict(_both(value)))
    if isinstance(value, Localised):
        return _plain(asdict(value))
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _both(sentence: Message) -> Localised:
    try:
        return both(sentence)
    except KeyError:  # a missing sentence is our bug; it must not cost the school its whole result
        gaps: tuple[tuple[str, Scalar], ...] = (("key", sentence.key),)
        return both(Message("report.missing_sentence", gaps))
