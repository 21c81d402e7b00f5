"""Rules about the school as a whole. Pure."""

from __future__ import annotations

import math
from typing import Any

from camagent.assess.judgement import Judgement, phrase, unknown
from camagent.assess.rule import About, Rule
from camagent.assess.sections import main_stream_or_fault
from camagent.model.finding import Outcome
from camagent.model.scan_result import CameraFacts, SiteFacts
from camagent.model.stream import MeasuredStream, StreamFacts

GB_PER_DAY_PER_MBPS = 10.8  # 86,400 s of a megabit a second, in 8 bits a byte and 10^9 bytes a gigabyte

# cameras not measured: beyond it a sum says more of what is missing than of the school
MOST_UNREAD_RATIO = 1 / 3


def uplink(
    cameras: tuple[CameraFacts, ...], site: SiteFacts, *, headroom_factor: float, recommended_factor: float
) -> Judgement:
    """The school's line carries every stream that is to be shared, with head-room; short of the better one it
    warns.

    What was not measured is told beside every sum; where that is more than a third there is no sum, unless
    what was measured already fills the line.
    """
    shared = [c for c in cameras if c.declaration is None or c.declaration.shared]
    if not shared:
        return Judgement(Outcome.NOT_APPLICABLE, phrase("uplink_no_cameras"))
    rates = [_bitrate_bps(camera) for camera in shared]
    shared_bps = sum(rate for rate in rates if rate is not None)
    known_bps, better_bps = headroom_factor * shared_bps, recommended_factor * shared_bps
    unread = rates.count(None)
    line_bps = site.uplink_bps
    is_too_little = unread > MOST_UNREAD_RATIO * len(shared)
    if is_too_little and (line_bps is None or known_bps <= line_bps):
        return unknown("uplink_unmeasured", cameras=len(shared), unread=unread)
    args = {
        "needed": _need_mbps(known_bps),
        "cameras": len(shared),
        "factor": headroom_factor,
        **({"unread": unread} if unread else {}),
        "better": _need_mbps(better_bps),
        "better_factor": recommended_factor,
        "storage": round(shared_bps / 1e6 * GB_PER_DAY_PER_MBPS, 1),
    }
    if line_bps is None:
        name = "uplink_undeclared" if unread else "uplink_undeclared_all"
        return Judgement(Outcome.NOT_ASSESSED, phrase(name, **args), required=known_bps)
    return _uplink_judged(line_bps, (known_bps, better_bps), unread, args)


def _uplink_judged(
    line_bps: float, needs_bps: tuple[float, float], unread: int, args: dict[str, Any]
) -> Judgement:
    """A line whose width is declared, against what is needed at least and at best."""
    known_bps, better_bps = needs_bps
    args = {**args, "line": line_bps / 1e6}
    if known_bps > line_bps:  # what is known already fills the line; the rest can only add
        outcome, name = Outcome.FAIL, "uplink_narrow" if unread else "uplink_narrow_all"
    elif unread:
        return unknown("uplink_unclear", **args)
    elif line_bps < better_bps:
        outcome, name = Outcome.WARN, "uplink_tight"
    else:
        outcome, name = Outcome.PASS, "uplink_enough"
    return Judgement(
        outcome,
        phrase(name, **args),
        observed=line_bps,
        configured=line_bps,
        required=known_bps,
        remedy=phrase("uplink_remedy", needed=_need_mbps(known_bps)) if outcome is Outcome.FAIL else None,
    )


def _need_mbps(bits_per_second: float) -> float:
    """Megabits a second to one decimal, upwards: what is needed is never rounded down."""
    return math.ceil(bits_per_second / 1e5) / 10


def _bitrate_bps(camera: CameraFacts) -> float | None:
    stream = main_stream_or_fault(camera)
    measured = stream.measured if isinstance(stream, StreamFacts) else None
    return measured.bitrate_bps if isinstance(measured, MeasuredStream) and not measured.limits else None


RULES = (Rule(uplink, About.SITE, in_unit="bit/s"),)
