"""What one window of watching brought, as a value: between the socket and the judgement. Pure.

`measure` and `declare` turn it into the facts; `capture_to_json` keeps it (without a picture) so that a replay can
judge the same window again.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from camagent.model.fault import Fault, FaultCode, Stage
from camagent.observe.frames import FrameTable

SCHEMA = "camagent.capture/1"
MAX_REPORTS = 2  # the first and the last one show how their delay grew
MAX_JSON_FRAMES = 20_000  # as many as a watch may collect; a larger file was not written by us


@dataclass(frozen=True, slots=True)
class TrackDescription:
    """What the description said of the video track."""

    codec: str
    encoding: str
    clock_hz: int
    parameter_sets: tuple[bytes, ...] = ()
    frame_rate_hz: float | None = None
    width_px: int | None = None
    height_px: int | None = None
    donl: bool = False
    """H.265 with decoding order numbers (sprop-max-don-diff above 0)."""


@dataclass(frozen=True, slots=True)
class PacketCounts:
    """RTP packets of the track."""

    received: int
    lost: int
    duplicates: int
    reordered: int
    stray: int
    """Of another payload type, SSRC or channel, or with a sequence number from nowhere."""
    restarts: int = 0
    """Times that sequence numbers or SSRC began anew."""


@dataclass(frozen=True, slots=True)
class SenderClock:
    """The last RTCP sender report that told the time."""

    sender_unix_s: float
    ours_unix_s: float


@dataclass(frozen=True, slots=True)
class ReportTime:
    """When one RTCP sender report was made, by its sender, and when it came."""

    sender_unix_s: float
    heard_s: float
    """Monotonic, as arrivals are."""


@dataclass(frozen=True, slots=True)
class Capture:
    """Everything that was seen of one stream in one window; times are monotonic seconds of this machine."""

    description: TrackDescription
    transport: str
    frames: FrameTable
    counts: PacketCounts
    connected_s: float
    """When opening the connection began."""
    play_s: float
    """When PLAY was sent."""
    playing_s: float
    """When PLAY was answered."""
    first_packet_s: float | None
    ended_s: float
    parameter_sets: tuple[tuple[int, bytes], ...] = ()
    """In band: (frame they came with, NAL unit)."""
    jpeg_size: tuple[int, int] | None = None
    b_slices: bool = False
    sender_clock: SenderClock | None = None
    sender_reports: tuple[ReportTime, ...] = ()
    """The first and the last that told the time."""
    limits: tuple[str, ...] = ()
    """What we ourselves could not do while watching."""
    fault: Fault | None = None
    """Why the window did not end as it should: the stream stopped, the server closed, no packet came."""


def capture_to_json(capture: Capture) -> dict[str, Any]:
    """The capture as JSON values; byte strings become hexadecimal."""
    return {"schema": SCHEMA, **_plain(asdict(capture))}


def capture_from_json(document: dict[str, Any]) -> Capture | None:
    """Read what `capture_to_json` wrote.

    Returns: None if the document is not of this schema or was changed.
    """
    if document.get("schema") != SCHEMA:
        return None
    try:
        return _read(document)
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError):
        return None


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.hex() if isinstance(value, bytes) else value


def _read(document: dict[str, Any]) -> Capture:
    size, clock = document["jpeg_size"], document["sender_clock"]
    return Capture(
        description=description_from_json(document["description"]),
        transport=str(document["transport"]),
        frames=_read_frames(document["frames"]),
        counts=PacketCounts(**{name: int(value) for name, value in document["counts"].items()}),
        **{name: float(document[name]) for name in ("connected_s", "play_s", "playing_s", "ended_s")},
        first_packet_s=_optional(document["first_packet_s"]),
        parameter_sets=tuple((int(row), bytes.fromhex(nal)) for row, nal in document["parameter_sets"]),
        jpeg_size=None if size is None else (int(size[0]), int(size[1])),
        b_slices=bool(document["b_slices"]),
        sender_clock=None if clock is None else SenderClock(float(clock["sender_unix_s"]), float(clock["ours_unix_s"])),
        sender_reports=tuple(
            ReportTime(float(report["sender_unix_s"]), float(report["heard_s"]))
            for report in document.get("sender_reports", [])[:MAX_REPORTS]
        ),
        limits=tuple(map(str, document["limits"])),
        fault=fault_from_json(document["fault"]),
    )


def description_to_json(description: TrackDescription) -> dict[str, Any]:
    """The description as JSON values."""
    plain: dict[str, Any] = _plain(asdict(description))
    return plain


def description_from_json(values: dict[str, Any]) -> TrackDescription:
    """Read what `description_to_json` wrote.

    Raises: KeyError, TypeError or ValueError where it is something else, as the functions below do.
    """
    clock_hz = int(values["clock_hz"])
    if clock_hz <= 0:
        raise ValueError("clock_hz")
    return TrackDescription(
        codec=str(values["codec"]),
        encoding=str(values["encoding"]),
        clock_hz=clock_hz,
        parameter_sets=tuple(bytes.fromhex(nal) for nal in values["parameter_sets"]),
        frame_rate_hz=_optional(values["frame_rate_hz"]),
        width_px=None if values["width_px"] is None else int(values["width_px"]),
        height_px=None if values["height_px"] is None else int(values["height_px"]),
        donl=bool(values["donl"]),
    )


def _read_frames(columns: dict[str, Any]) -> FrameTable:
    read = {name: tuple(kind(value) for value in columns[name]) for name, kind in _COLUMNS.items()}
    lengths, clock_hz = {len(column) for column in read.values()}, int(columns["clock_hz"])
    ends_s = tuple(float(value) for value in columns.get("ends_s", ()))  # absent in captures of older versions
    if ends_s:
        lengths.add(len(ends_s))
    if len(lengths) != 1 or max(lengths) > MAX_JSON_FRAMES or clock_hz <= 0:
        raise ValueError("frames")
    return FrameTable(**read, clock_hz=clock_hz, ends_s=ends_s)


def fault_from_json(values: dict[str, Any] | None) -> Fault | None:
    """A Fault from its fields."""
    if values is None:
        return None
    status = None if values["status"] is None else int(values["status"])
    code, stage = FaultCode(values["code"]), Stage(values["stage"])
    return Fault(code, stage, str(values["doing"]), float(values["elapsed_s"]), status)


def _optional(value: Any) -> float | None:
    return None if value is None else float(value)


_COLUMNS: dict[str, type] = {
    "timestamps": int,
    "arrivals_s": float,
    "sizes_bytes": int,
    "keyframes": bool,
    "recovery_points": bool,
    "damaged": bool,
}
