"""A finished run as its result document: built once, in process. Pure.

What bears the same name in the run and in the document is copied by name; here stands only what does not. No
address carries a credential.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields
from functools import lru_cache
from typing import Any

from camagent import __version__
from camagent.document.model import (
    BasisView,
    CameraView,
    DeviceView,
    FindingView,
    RetiredView,
    ScanDocument,
    TenderRowView,
    UpgradeView,
)
from camagent.document.stream_view import StreamView
from camagent.document.values import TextView
from camagent.model.device import DeviceClock, DeviceFacts
from camagent.model.expected import DeviceWords, ExpectedCamera, words_of, words_with
from camagent.model.fault import Fault
from camagent.model.finding import ANOTHER_DEVICE, Basis, Finding, TenderRow, Upgrade, Verdict
from camagent.model.scan_result import CameraResult, ScanResult
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
from camagent.model.text import Localised, Message, Scalar
from camagent.text import both
from camagent.text.vietnamese import clean_line

NO_CAMERAS = b'"cameras":[]'
"""Stands once in a document without cameras: within a text of JSON each of these marks has a backslash."""
SHARED_TEXTS = 1024  # titles and bases of a requirement profile: the same in every camera, so kept once


def scan_document(scan: ScanResult) -> ScanDocument:
    """The run as it is published."""
    cameras = tuple(camera_view(camera) for camera in scan.cameras)
    return scan_head(scan).model_copy(update={"cameras": cameras})


def scan_head(scan: ScanResult) -> ScanDocument:
    """The same without its cameras, which take 200 kB each: for who needs them one after the other only."""
    return ScanDocument.model_validate(
        {
            "schema": f"camagent.{scan.kind}/1",
            "agent": {"version": __version__},
            "site": scan.site,
            "started_at": scan.started_at,
            "finished_at": scan.finished_at,
            "profile": scan.profile,
            "coverage": scan.coverage,
            "cameras": (),
            "site_findings": tuple(_finding(finding) for finding in scan.site_findings),
            "retired": tuple(_retired(camera) for camera in scan.retired),
            "summary": {verdict.value: scan.count(verdict) for verdict in Verdict},
        }
    )


def document_text(head: ScanDocument, cameras: Iterable[CameraView]) -> Iterator[bytes]:
    """The compact JSON of a document, piece by piece; `head` has no cameras of its own."""
    before, after = head.compact_json().split(NO_CAMERAS)
    yield before + NO_CAMERAS[:-1]
    for number, camera in enumerate(cameras):
        yield (b"," if number else b"") + camera.compact_json()
    yield NO_CAMERAS[-1:] + after


def camera_view(result: CameraResult) -> CameraView:
    """One judged camera as it is published."""
    facts = result.facts
    declaration = facts.declaration
    device = facts.device if isinstance(facts.device, DeviceFacts) else None
    return CameraView.model_validate(
        {
            **_named(facts),
            **_named(result),
            # A device may call itself by characters that nobody sees.
            "name": clean_line(facts.name) or facts.address,
            "place": declaration.place if declaration else None,
            "task": declaration.task if declaration else None,
            "excluded_until": declaration.excluded_until if declaration else None,
            "excluded_because": declaration.excluded_because if declaration else None,
            "device": _device(result),
            "clock": device.clock if device and isinstance(device.clock, DeviceClock) else None,
            "streams": (*map(_stream, facts.streams), *map(_other_stream, facts.others)),
            "findings": tuple(_finding(finding) for finding in result.findings),
            "faults": _faults(result),
            "upgrade": _upgrade(result.upgrade),
        }
    )


def _named(value: Any) -> dict[str, Any]:
    """The fields of a dataclass by name, as they are."""
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _faults(result: CameraResult) -> tuple[Fault, ...]:
    """Every fault of the camera once, in the order of the work."""
    device = result.facts.device
    faults: list[Fault] = list(device.faults) if isinstance(device, DeviceFacts) else []
    if isinstance(device, Fault):
        faults.append(device)
    for stream in result.facts.streams:
        faults += [*stream.faults, *([stream.fault] if stream.fault else [])]
    return tuple(dict.fromkeys([*faults, *result.faults]))


def _device(result: CameraResult) -> DeviceView | None:
    """What the device says, else what it said before; None where it never said anything.

    What stood there before says nothing of a device that shows itself to be another.
    """
    facts = result.facts
    is_another = any(finding.message.key == ANOTHER_DEVICE for finding in result.findings)
    words = words_with(words_of(facts.device), None if is_another else facts.earlier)
    if not isinstance(facts.device, DeviceFacts) and words == DeviceWords():
        return None
    return DeviceView.model_validate(words)


def _retired(camera: ExpectedCamera) -> RetiredView:
    word = camera.retired
    assert word is not None, "only the retired are listed so"
    return RetiredView(
        id=camera.id,
        name=camera.name,
        address=camera.address,
        place=camera.place,
        manufacturer=camera.words.manufacturer,
        model=camera.words.model,
        present_at=camera.present_at,
        retired=word,
    )


def _stream(stream: StreamFacts) -> StreamView:
    return StreamView.model_validate(
        {
            **_named(stream),
            **_source(stream.target),
            "role": stream.role.value,
            "measured": stream.measured if isinstance(stream.measured, MeasuredStream) else None,
            "image": stream.image if isinstance(stream.image, ImageFacts) else None,
            "fault": stream.fault,
        }
    )


def _source(target: StreamTarget | ProfileTarget | FileTarget) -> dict[str, str | None]:
    if isinstance(target, FileTarget):
        return {"token": None, "name": None, "uri": str(target.path), "kind": "file"}
    uri = target.uri.shown if isinstance(target, StreamTarget) else None
    return {"token": target.token, "name": target.name, "uri": uri, "kind": "rtsp"}


def _other_stream(other: OtherStream) -> StreamView:
    """A stream that was not watched, in the shape of one that was: nothing is measured, and it says why
    not."""
    nothing = dict.fromkeys(("declared", "measured", "image", "access", "fault"))
    uri = other.uri.shown if other.uri is not None else None
    return StreamView.model_validate({**_named(other), **nothing, "role": StreamRole.SUB.value, "uri": uri})


def _finding(finding: Finding) -> FindingView:
    return FindingView.model_validate(
        {
            **_named(finding),
            "title": _title(finding.title),
            "basis": _basis(finding.basis),
            "message": _sentence(finding.message),
            "remedy": _sentence(finding.remedy) if finding.remedy else None,
        }
    )


def _upgrade(upgrade: Upgrade) -> UpgradeView:
    return UpgradeView.model_validate(
        {
            **_named(upgrade),
            "steps": tuple(_sentence(step) for step in upgrade.steps),
            "tender": _sentence(upgrade.tender) if upgrade.tender else None,
            "tender_rows": tuple(_tender_row(row) for row in upgrade.tender_rows),
            "rests_on": tuple(_sentence(fact) for fact in upgrade.rests_on),
        }
    )


@lru_cache(maxsize=SHARED_TEXTS)
def _tender_row(row: TenderRow) -> TenderRowView:
    criterion = _sentence(row.criterion) if isinstance(row.criterion, Message) else _title(row.criterion)
    basis = _basis(row.basis) if row.basis else None
    return TenderRowView(criterion=criterion, requirement=_sentence(row.requirement), basis=basis)


@lru_cache(maxsize=SHARED_TEXTS)
def _title(title: Localised) -> TextView:
    return TextView.model_validate(title)


@lru_cache(maxsize=SHARED_TEXTS)
def _basis(basis: Basis) -> BasisView:
    return BasisView.model_validate(basis)


def _sentence(sentence: Message) -> TextView:
    try:
        return TextView.model_validate(both(sentence))
    except KeyError:  # a missing sentence is our bug; it must not cost the school its whole result
        gaps: tuple[tuple[str, Scalar], ...] = (("key", sentence.key),)
        return TextView.model_validate(both(Message("report.missing_sentence", gaps)))
