"""One line a camera: the columns that the CSV file and the workbook's camera sheet have in common. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from camagent.document.model import CameraView, ScanDocument
from camagent.document.reasons import reasons
from camagent.document.wording import action_text, cost_text, main_column
from camagent.model.scan_result import KeptRecording
from camagent.model.stream import MeasuredStream
from camagent.text import say
from camagent.text.moments import table_moment_text

Cell = str | int | float | None
MAX_CELL_CHARS = 32_000  # a workbook's cell holds 32,767


@dataclass(frozen=True, slots=True)
class CameraColumn:
    """A column: its catalogue key, how it is filled, how wide and in which number format a workbook shows
    it."""

    key: str
    value: Callable[[ScanDocument, CameraView, str], Cell]
    width_chars: float
    number_format: str | None = None


def _device(name: str) -> Callable[[ScanDocument, CameraView, str], Cell]:
    return lambda _document, camera, _lang: getattr(camera.device, name) if camera.device else None


def _measured(read: Callable[[MeasuredStream], Cell]) -> Callable[[ScanDocument, CameraView, str], Cell]:
    def value(_document: ScanDocument, camera: CameraView, _lang: str) -> Cell:
        column = main_column(camera)
        return read(column) if column else None

    return value


def _kept(read: Callable[[KeptRecording], Cell]) -> Callable[[ScanDocument, CameraView, str], Cell]:
    return lambda _document, camera, _lang: read(camera.recording) if camera.recording else None


def _mbps(column: MeasuredStream) -> Cell:
    return None if column.bitrate_bps is None else column.bitrate_bps / 1e6


def _faults(camera: CameraView, lang: str) -> str:
    codes = dict.fromkeys(fault.code for fault in camera.faults)
    return ", ".join(codes)


def _reasons(camera: CameraView, lang: str) -> str:
    lines = (f"{finding.rule}: {finding.message.to(lang)}" for finding in reasons(camera.findings))
    return "\n".join(lines)[:MAX_CELL_CHARS]


def _steps(camera: CameraView, lang: str) -> str:
    return "\n".join(step.to(lang) for step in camera.upgrade.steps)[:MAX_CELL_CHARS]


CAMERA_COLUMNS: Sequence[CameraColumn] = (
    CameraColumn("site", lambda document, _camera, _lang: document.site.name, 22),
    CameraColumn("site_id", lambda document, _camera, _lang: document.site.id, 10),
    CameraColumn("camera", lambda _document, camera, _lang: camera.name, 18),
    CameraColumn("place", lambda _document, camera, _lang: camera.place, 14),
    CameraColumn("address", lambda _document, camera, _lang: camera.address, 15),
    CameraColumn(
        "verdict", lambda _document, camera, lang: say(f"report.verdict.{camera.verdict}", lang), 14
    ),
    CameraColumn("action", lambda _document, camera, lang: action_text(camera, lang), 16),
    CameraColumn("reasons", lambda _document, camera, lang: _reasons(camera, lang), 44),
    CameraColumn("steps", lambda _document, camera, lang: _steps(camera, lang), 36),
    CameraColumn("cost_class", lambda _document, camera, lang: cost_text(camera.upgrade, lang) or None, 12),
    CameraColumn("manufacturer", _device("manufacturer"), 12),
    CameraColumn("model", _device("model"), 15),
    CameraColumn("firmware", _device("firmware"), 14),
    CameraColumn("serial", _device("serial"), 16),
    CameraColumn("mac", _device("mac"), 17),
    CameraColumn("codec", _measured(lambda column: column.codec), 9),
    CameraColumn("width_px", _measured(lambda column: column.width_px), 8, "0"),
    CameraColumn("height_px", _measured(lambda column: column.height_px), 8, "0"),
    CameraColumn("frame_rate_hz", _measured(lambda column: column.frame_rate_hz), 10, "0.00"),
    CameraColumn("bitrate_mbps", _measured(_mbps), 10, "0.00"),
    CameraColumn("gop_length_s", _measured(lambda column: column.gop_length_s), 9, "0.00"),
    CameraColumn("rtp_lost_ratio", _measured(lambda column: column.lost_ratio), 9, "0.00%"),
    CameraColumn(
        "rtp_jitter_ms",
        _measured(lambda c: None if c.rtp_jitter_s is None else 1e3 * c.rtp_jitter_s),
        9,
        "0.0",
    ),
    CameraColumn(
        "clock_offset_s", lambda _d, camera, _l: camera.clock.offset_s if camera.clock else None, 9, "0.0"
    ),
    CameraColumn("recording_days", _kept(lambda kept: kept.days), 9, "0.0"),
    CameraColumn(
        "recording_since", _kept(lambda kept: table_moment_text(kept.since) if kept.since else None), 12
    ),
    CameraColumn(
        "recording_newest", _kept(lambda kept: table_moment_text(kept.newest) if kept.newest else None), 12
    ),
    CameraColumn("recording_days_with_holes", _kept(lambda kept: kept.days_with_holes), 9, "0"),
    CameraColumn("faults", lambda _document, camera, lang: _faults(camera, lang), 14),
    CameraColumn(
        "checked_at", lambda d, camera, _lang: table_moment_text(camera.checked_at or d.finished_at), 12
    ),
    CameraColumn("profile", lambda document, _c, _l: f"{document.profile.id} {document.profile.version}", 16),
    CameraColumn("camera_id", lambda _document, camera, _lang: camera.id, 18),
)
