"""One camera as a school's file shows it: what is asked for it, or that nothing is. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from camagent.document.area_merge import UpgradeRowView
from camagent.document.model import CameraView, RetiredView, ScanDocument
from camagent.document.upgrade_rows import UpgradeRow, needs_something, upgrade_row
from camagent.document.wording import device_text
from camagent.model.finding import Action, Verdict
from camagent.text import say
from camagent.text.moments import VIETNAM, day_text
from camagent.text.vietnamese import clean_line

ASKED, FINE, RETIRED, EXCLUDED = "asked", "fine", "retired", "excluded"
OUT = (RETIRED, EXCLUDED)
"""Listed, in no count."""


@dataclass(frozen=True, slots=True)
class SightingView:
    """A camera in one school's result."""

    row_id: str
    """School and camera, as `UpgradeRow.stable_id`."""
    site_id: str
    site: str
    area: str
    name: str
    address: str
    place: str
    serial: str
    model: str
    at: datetime
    """When the school was scanned."""
    state: str
    """One of asked, fine, retired, excluded."""
    verdict: str = ""
    """Empty for one that is out of service."""
    action: str = Action.NONE.value
    reason: str = ""
    """The weightiest reason of what is asked; of one out of service who said so and why."""


def asked_sighting(row: UpgradeRow, at: datetime) -> SightingView:
    """The camera of a row of the upgrade list."""
    return SightingView(
        row_id=row.stable_id,
        site_id=row.site_id,
        site=row.site,
        area=row.area,
        name=row.camera,
        address=row.address,
        place=row.place,
        serial=row.serial,
        model=row.model,
        at=at,
        state=ASKED,
        verdict=row.verdict.value,
        action=row.action.value,
        reason=row.reason,
    )


def fine_sighting(document: ScanDocument, camera: CameraView, lang: str) -> SightingView:
    """A camera that needs nothing."""
    return _seen(document, camera, lang, FINE, verdict=Verdict.READY.value)


def excluded_sighting(document: ScanDocument, camera: CameraView, lang: str) -> SightingView:
    """A camera that a person took out of the counts for a time."""
    until = day_text(camera.excluded_until, lang) if camera.excluded_until else ""
    because = clean_line(camera.excluded_because or "")
    reason = say("report.progress.excluded", lang, until=until, because=because)
    return _seen(document, camera, lang, EXCLUDED, reason=clean_line(reason))


def retired_sighting(document: ScanDocument, camera: RetiredView, lang: str) -> SightingView:
    """A camera that a person took out of service."""
    word = camera.retired
    on = day_text(word.on, lang)
    reason = say("report.progress.retired", lang, by=word.by, on=on, because=word.reason)
    return _seen(document, camera, lang, RETIRED, reason=clean_line(reason))


def excluded(camera: CameraView, at: datetime) -> bool:
    """It is out of the counts on that day."""
    return camera.excluded_until is not None and camera.excluded_until >= at.astimezone(VIETNAM).date()


def _seen(
    document: ScanDocument, camera: CameraView | RetiredView, lang: str, state: str, **how: str
) -> SightingView:
    site_id = document.site.id or document.site.name
    device = camera.device if isinstance(camera, CameraView) else None
    model = device_text(device, lang)
    if isinstance(camera, RetiredView):
        model = " ".join(filter(None, (camera.manufacturer, camera.model)))
    return SightingView(
        row_id=f"{site_id}/{camera.id}",
        site_id=site_id,
        site=document.site.name,
        area=document.site.area,
        name=camera.name,
        address=camera.address,
        place=camera.place or "",
        serial=(device.serial if device else None) or "",
        model=model,
        at=document.started_at,
        state=state,
        **how,
    )


def sightings_of(document: ScanDocument, lang: str) -> Iterator[SightingView]:
    """Every camera of one school's result."""
    for camera in document.cameras:
        if excluded(camera, document.started_at):
            yield excluded_sighting(document, camera, lang)
        elif needs_something(camera):
            yield asked_sighting(upgrade_row(document, camera, lang), document.started_at)
        else:
            yield fine_sighting(document, camera, lang)
    for camera_out in document.retired:
        yield retired_sighting(document, camera_out, lang)


def of_area_row(row: UpgradeRowView, at: datetime) -> SightingView:
    """The camera of a row of an area's published list."""
    return SightingView(
        row_id=clean_line(row.id),
        site_id=clean_line(row.site_id),
        site=clean_line(row.site),
        area=clean_line(row.area),
        name=clean_line(row.camera),
        address=clean_line(row.address),
        place=clean_line(row.place),
        serial=clean_line(row.serial),
        model=clean_line(row.model),
        at=at,
        state=ASKED,
        verdict=row.verdict.value,
        action=row.action.value,
        reason=clean_line(row.reason),
    )
