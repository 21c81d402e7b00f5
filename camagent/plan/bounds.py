"""What the findings ask of the main stream's encoder: their bounds, the strictest where a profile has
several. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from camagent.model.finding import Finding, Outcome, Quantity
from camagent.model.scan_result import Declaration

T = TypeVar("T")
Size = tuple[int, int]
MET = (Outcome.PASS, Outcome.WARN)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the profile asks of the main stream; None: it does not ask."""

    minimum_px: Size | None = None
    across_px: float | None = None
    """Pixels across the scene that the failed pixel density asks for: wished for, never a reason to
    replace."""
    turned: bool = False
    """The picture hangs upright although the encoder is set to a lying one: its short side is across the
    scene."""
    codecs: tuple[str, ...] | None = None
    preferred_codecs: tuple[str, ...] = ()
    minimum_hz: float | None = None
    maximum_gop_s: float | None = None
    maximum_bps: float | None = None
    minimum_bps: float | None = None
    """The other end of the window that the profile warns outside of."""


def bounds_of(findings: Sequence[Finding], declaration: Declaration | None = None) -> Bounds:
    """The bounds that the findings carry, whether they were met or not: a change must not break another row.

    What was measured and let pass is enough, also where it only is within the row's tolerance (1072 lines,
    19.98 fps).
    """

    def each(check: str, read: Callable[[Finding], T | None]) -> list[T]:
        return [value for f in findings if f.check == check and (value := read(f)) is not None]

    sizes = each("resolution", _enough_px)
    codecs = each("codec", lambda f: _words(f.required))
    width_m = declaration.scene_width_m if declaration is not None else None
    densities = each("pixel_density", _lacking_px_per_m)
    return Bounds(
        minimum_px=(max(size[0] for size in sizes), max(size[1] for size in sizes)) if sizes else None,
        across_px=max(densities) * width_m if densities and width_m is not None else None,
        codecs=tuple(c for c in codecs[0] if all(c in allowed for allowed in codecs)) if codecs else None,
        preferred_codecs=next(iter(each("codec", lambda f: _words(f.recommended))), ()),
        minimum_hz=max(each("frame_rate", _enough_hz), default=None),
        maximum_gop_s=min(each("keyframe_interval", lambda f: _number(f.required)), default=None),
        maximum_bps=min(each("bitrate", lambda f: _end_bps(f, 1)), default=None),
        minimum_bps=max(each("bitrate", lambda f: _end_bps(f, 0)), default=None),
    )


def outcomes_of(findings: Sequence[Finding]) -> Mapping[str, Outcome]:
    """Check -> its outcome; where several rows have one check, the failure, else what is not known."""
    outcomes: dict[str, Outcome] = {}
    for finding in findings:
        if finding.outcome is Outcome.FAIL or outcomes.get(finding.check) in (None, *MET):
            outcomes[finding.check] = finding.outcome
    return outcomes


def _enough_px(finding: Finding) -> Size | None:
    """(longer side, shorter side): whichever way round the picture hangs."""
    asked = _size(finding.required)
    size = _size(finding.observed) if finding.outcome in MET else None
    if asked is None or size is None:
        return asked
    return min(asked[0], size[0]), min(asked[1], size[1])


def _size(value: Quantity) -> Size | None:
    if not isinstance(value, tuple) or len(value) != 2:
        return None
    sides = sorted(int(side) for side in value)
    return sides[1], sides[0]


def _enough_hz(finding: Finding) -> float | None:
    asked, rate_hz = _number(finding.required), _number(finding.observed)
    if asked is None or rate_hz is None or finding.outcome not in MET:
        return asked
    return min(asked, rate_hz - (finding.uncertainty or 0.0))


def _lacking_px_per_m(finding: Finding) -> float | None:
    return _number(finding.required) if finding.outcome is Outcome.FAIL else None


def _end_bps(finding: Finding, end: int) -> float | None:
    window = finding.required
    return _number(window[end]) if isinstance(window, tuple) and len(window) == 2 else None


def _number(value: Quantity) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _words(value: Quantity) -> tuple[str, ...] | None:
    return tuple(str(word) for word in value) if isinstance(value, tuple) else None
