"""Reasons, bases, devices and streams of a document as a person reads them, in Vietnamese or English.
Pure."""

from __future__ import annotations

from collections.abc import Callable

from camagent.document.model import (
    BasisView,
    CameraView,
    CoverageView,
    DeviceView,
    RetiredView,
    UpgradeView,
)
from camagent.document.stream_view import ColumnView, ConfiguredView, StreamView
from camagent.model.finding import Action, Setting
from camagent.model.stream import DeclaredStream, MeasuredStream, NightLook
from camagent.text import catalogue, say
from camagent.text.quantities import bitrate_text, number_text, quantity_text, setting_value
from camagent.text.vietnamese import clean_line

MAX_DOCUMENT_NAME = 48  # of a document's name in the upgrade list; the findings have the whole
SHOWN_RATIO = 0.005  # of a figure: a smaller uncertainty is no news to a technician


def device_text(device: DeviceView | None, lang: str) -> str:
    """Make and model, each once."""
    if device is None:
        return say("report.unknown", lang)
    make, model = device.manufacturer or "", device.model or ""
    text = model if make and model.casefold().startswith(make.casefold()) else f"{make} {model}".strip()
    return text or say("report.unknown", lang)


def stream_text(column: MeasuredStream | None, lang: str) -> str:
    """One stream in a few words: codec, size, frame rate, bit rate."""
    if column is None:
        return say("report.unknown", lang)
    parts = [quantity_text(column.codec, None, lang)]
    if column.width_px and column.height_px:
        parts.append(f"{column.width_px}×{column.height_px}")
    if column.frame_rate_hz is not None:
        parts.append(quantity_text(column.frame_rate_hz, "hz", lang))
    if column.bitrate_bps is not None:
        parts.append(bitrate_text(column.bitrate_bps, lang))
    return " · ".join(parts)


def basis_text(basis: BasisView, lang: str) -> str:
    """On what a threshold rests, with how sure that is."""
    words = catalogue(lang)
    kind = words.get(f"report.basis.{basis.kind}", basis.kind)
    confidence = words.get(f"report.confidence.{basis.confidence}", basis.confidence)
    if basis.document:
        return say("report.basis.line", lang, kind=kind, document=basis.document, confidence=confidence)
    return say("report.basis.plain", lang, kind=kind, confidence=confidence)


def basis_short(basis: BasisView, lang: str) -> str:
    """The same in a few words: the document's name, or that it is an assumption, and how sure that is."""
    words = catalogue(lang)
    confidence = words.get(f"report.confidence.{basis.confidence}", basis.confidence)
    document = clean_line(basis.document, MAX_DOCUMENT_NAME) if basis.document else None
    return f"{document or words.get(f'report.basis_short.{basis.kind}', basis.kind)} ({confidence})"


def reason_text(why: str, lang: str) -> str:
    """Why an address was not checked."""
    words = catalogue(lang)
    return words.get(f"report.why.{why}") or words.get(f"faults.{why}") or why


def retired_text(camera: RetiredView, lang: str) -> str:
    """A camera out of service: who said so, when and why, and when it was last present."""
    return say(
        "report.table.retired",
        lang,
        name=camera.name,
        address=camera.address,
        by=camera.retired.by,
        on=camera.retired.on.strftime("%d/%m/%Y" if lang == "vi" else "%Y-%m-%d"),
        reason=camera.retired.reason,
        at=camera.present_at,
    )


def night_text(night: NightLook, lang: str, camera: str = "") -> str:
    """How a camera's picture was when it was last seen by night, and what to do about it."""
    sentences = [
        f"{say(f'picture.{name}.say', lang)} → {say(f'picture.{name}.do', lang)}" for name in night.conditions
    ]
    what = " ".join(sentences) or say("report.table.night_good", lang)
    if camera:
        return say("report.table.by_night_of", lang, at=night.at, what=what, camera=camera)
    return say("report.table.by_night", lang, at=night.at, what=what)


def cost_text(upgrade: UpgradeView, lang: str) -> str:
    """The operator's cost class and, where his price file has one, the amount; empty without a price file."""
    amount = amount_text(upgrade.cost_amount, upgrade.cost_currency, lang)
    return (
        f"{upgrade.cost_class} ({amount})" if upgrade.cost_class and amount else upgrade.cost_class or amount
    )


def amount_text(amount: float | None, currency: str | None, lang: str) -> str:
    """Money; empty where it is not known."""
    return "" if amount is None else f"{number_text(amount, lang)} {currency or ''}".rstrip()


def main_column(camera: CameraView) -> MeasuredStream | None:
    """What was measured of the main stream."""
    return next((stream.measured for stream in camera.streams if stream.role == "main"), None)


def action_text(camera: CameraView, lang: str) -> str:
    """The kind of step, marked where it rests on the device's word."""
    action = camera.upgrade.action
    return (
        f"{say(f'report.action.{action}', lang)} {uncertain_note(action, camera.upgrade.certain, lang)}"
    ).rstrip()


def settings_text(upgrade: UpgradeView, lang: str) -> str:
    """The values to set, on one line: "Codec: MJPEG → H.265 · Resolution: …"; empty where there is none."""
    return " · ".join(_setting_text(setting, lang) for setting in upgrade.settings)


def _setting_text(setting: Setting, lang: str) -> str:
    name = catalogue(lang).get(f"report.setting.{setting.name}", setting.name)
    now, then = (setting_value(value, setting.unit, lang) for value in (setting.now, setting.then))
    return f"{name}: {now} → {then}"


def uncertain_note(action: Action, certain: bool, lang: str) -> str:
    """That a step which costs money or a risk rests on what was seen once; empty elsewhere.

    A setting is put right and the camera checked again, whether that was certain or not.
    """
    if certain or action not in (Action.REPLACE, Action.UPDATE_FIRMWARE):
        return ""
    return say("report.table.uncertain", lang)


def stream_rows(stream: StreamView, lang: str) -> list[tuple[str, str, str, str]]:
    """The stream's facts as (what, configured, declared, measured); a row that nobody knows is left out."""
    columns = (stream.configured, stream.declared, stream.measured)
    rows: list[tuple[str, str, str, str]] = []
    for key, read in _STREAM_FACTS:
        cells = [read(column, lang) if column else None for column in columns]
        if any(cells):
            unknown = say("report.none", lang)
            first, second, third = (cell or unknown for cell in cells)
            rows.append((say(f"report.fact.{key}", lang), first, second, third))
    return rows


def _codec(column: ColumnView, lang: str) -> str | None:
    if column.codec is None:
        return None
    level = None if isinstance(column, ConfiguredView) else column.codec_level
    return " ".join(filter(None, (quantity_text(column.codec, None, lang), column.codec_profile, level)))


def _size(column: ColumnView, lang: str) -> str | None:
    return f"{column.width_px}×{column.height_px}" if column.width_px and column.height_px else None


def _frame_rate(column: ColumnView, lang: str) -> str | None:
    if column.frame_rate_hz is None:
        return None
    text = quantity_text(column.frame_rate_hz, "hz", lang)
    if not isinstance(column, MeasuredStream):
        return text
    half_hz = column.frame_rate_uncertainty_hz or 0.0
    if half_hz >= SHOWN_RATIO * column.frame_rate_hz:
        text = f"{text} (±{number_text(half_hz, lang)})"
    if column.frame_rate_basis == "arrivals":
        text = f"{text}, {say('report.by_arrivals', lang)}"
    return f"{text} ({say('report.over_udp', lang)})" if column.rate_decided_over_udp else text


def _bit_rate(column: ColumnView, lang: str) -> str | None:
    if isinstance(column, DeclaredStream) or column.bitrate_bps is None:
        return None
    text = bitrate_text(column.bitrate_bps, lang)
    half_bps = (column.bitrate_uncertainty_bps or 0.0) if isinstance(column, MeasuredStream) else 0.0
    return (
        text if half_bps < SHOWN_RATIO * column.bitrate_bps else f"{text} (±{bitrate_text(half_bps, lang)})"
    )


def _gop(column: ColumnView, lang: str) -> str | None:
    if isinstance(column, DeclaredStream):
        return None
    parts = []
    if column.gop_length_frames is not None:
        parts.append(quantity_text(column.gop_length_frames, "frames", lang))
    if isinstance(column, MeasuredStream) and column.gop_length_s is not None:
        parts.append(quantity_text(column.gop_length_s, "s", lang))
    elif isinstance(column, MeasuredStream) and column.gop_at_least_s is not None:
        parts.append(f"≥ {quantity_text(column.gop_at_least_s, 's', lang)}")
    return " · ".join(parts) or None


def _of_measured(
    read: Callable[[MeasuredStream, str], str | None],
) -> Callable[[ColumnView, str], str | None]:
    """A fact that only the measured column can have."""
    return lambda column, lang: read(column, lang) if isinstance(column, MeasuredStream) else None


def _loss(column: MeasuredStream, lang: str) -> str | None:
    if not column.packets_numbered:
        return None
    return f"{number_text(column.rtp_lost_packets, lang)} / {number_text(column.rtp_packets, lang)}"


def _jitter(column: MeasuredStream, lang: str) -> str | None:
    return None if column.rtp_jitter_s is None else f"{number_text(1000 * column.rtp_jitter_s, lang)} ms"


def _first_keyframe(column: MeasuredStream, lang: str) -> str | None:
    wait_s = column.time_to_first_keyframe_s
    return None if wait_s is None else quantity_text(wait_s, "s", lang)


def _window(column: MeasuredStream, lang: str) -> str | None:
    return quantity_text(column.window_s, "s", lang)


_STREAM_FACTS: tuple[tuple[str, Callable[[ColumnView, str], str | None]], ...] = (
    ("codec", _codec),
    ("size", _size),
    ("frame_rate", _frame_rate),
    ("bit_rate", _bit_rate),
    ("gop", _gop),
    ("loss", _of_measured(_loss)),
    ("jitter", _of_measured(_jitter)),
    ("first_keyframe", _of_measured(_first_keyframe)),
    ("window", _of_measured(_window)),
)


def coverage_text(coverage: CoverageView, lang: str) -> str:
    """How much was looked at, in one sentence: ranges, addresses, devices, cameras, and what was not
    checked."""
    figures = {"found": coverage.devices_found, "checked": coverage.cameras_checked}
    missed = len(coverage.not_checked)
    if not coverage.subnets_asked and not coverage.interfaces:
        return say("report.table.coverage_named", lang, missed=missed, **figures)
    return say(
        "report.table.coverage",
        lang,
        ranges=len(coverage.subnets),
        asked=coverage.subnets_asked if coverage.subnets_asked is not None else len(coverage.subnets),
        probed=coverage.addresses_probed,
        answered=coverage.addresses_answered,
        missed=missed,
        **figures,
    )


def note_text(note: str, lang: str) -> str:
    """Why coverage is less than it seems, as a sentence; a note of another version is shown as it is."""
    code, _, detail = note.partition(":")
    key = f"discover.note.{code}"
    return say(key, lang, detail=detail) if key in catalogue(lang) else note
