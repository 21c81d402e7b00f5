"""Rules about frames and bits over time: measured rates, and what packet loss has to do with them. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from camagent.assess.judgement import Judgement, Reading, at_least, at_most, phrase, unknown
from camagent.assess.rule import UNITS, About, Rule
from camagent.model.finding import Outcome
from camagent.model.stream import ConfiguredStream, DeclaredStream, MeasuredStream

ENOUGH = (Outcome.PASS, Outcome.WARN)


def frame_rate(
    measured: MeasuredStream,
    configured: ConfiguredStream | None,
    declared: DeclaredStream | None,
    *,
    minimum_hz: float,
    recommended_hz: float,
    floor_hz: float,
    tolerance_ratio: float,
    disagreement_ratio: float,
    loss_ratio: float,
) -> Judgement:
    """Frames a second as they really arrived; a shortfall that lost packets may explain is not the
    camera's."""
    minimum, recommended, floor = (b * (1 - tolerance_ratio) for b in (minimum_hz, recommended_hz, floor_hz))
    rate = _rate(measured)
    if isinstance(rate, Judgement):
        return rate
    outcome = _agreed(rate, measured, disagreement_ratio, (minimum, recommended))
    if outcome is None:
        return unknown("time_stamps_lie", stamped=rate.value, arrived=measured.arrival_frame_rate_hz)
    if outcome is Outcome.FAIL and _loss_explains(measured, minimum, loss_ratio):
        return unknown("rate_by_loss", rate=rate.value, lost=_lost_percent(measured))
    below = "rate_usable" if rate.value >= floor else "rate_low"
    name = {Outcome.FAIL: below, Outcome.NOT_ASSESSED: "rate_unclear", Outcome.WARN: "rate_enough"}
    return Judgement(
        outcome,
        phrase(
            name.get(outcome, "rate_good"),
            rate=rate.value,
            minimum=minimum_hz,
            recommended=recommended_hz,
            uncertainty=rate.uncertainty,
        ),
        observed=rate.value,
        configured=configured.frame_rate_hz if configured else None,
        declared=declared.frame_rate_hz if declared else None,
        measured=rate.value,
        uncertainty=rate.uncertainty,
    )


def _rate(measured: MeasuredStream) -> Reading | Judgement:
    """The measured rate; with fewer than two frames, what the window still allows (a camera that sends almost
    none).

    Returns: a Judgement where nobody can tell: stamps and arrivals tell different rates and neither could be
    believed, or there was no window.
    """
    if measured.frame_rate_hz is not None:
        return Reading(measured.frame_rate_hz, measured.frame_rate_uncertainty_hz or 0.0)
    stamped, arrived = measured.stamped_frame_rate_hz, measured.arrival_frame_rate_hz
    if stamped is not None and arrived is not None:
        return unknown("time_stamps_lie", stamped=stamped, arrived=arrived)
    if measured.window_s <= 0:
        return unknown("too_few_frames", frames=measured.frames)
    most_hz = (measured.frames + 1 + measured.rtp_lost_packets) / measured.window_s
    return Reading(most_hz / 2, most_hz / 2)


def _agreed(
    rate: Reading, measured: MeasuredStream, disagreement_ratio: float, bounds: tuple[float, float]
) -> Outcome | None:
    """The outcome by time stamps, confirmed by arrival times where the two differ; None where they
    contradict."""
    stamped = at_least(rate, *bounds)
    arrived_hz = measured.arrival_frame_rate_hz
    if arrived_hz is None or abs(arrived_hz - rate.value) <= disagreement_ratio * rate.value:
        return stamped
    arrived = at_least(Reading(arrived_hz, rate.uncertainty), *bounds)
    if stamped in ENOUGH and arrived in ENOUGH:
        return stamped if stamped is arrived else Outcome.WARN
    return stamped if stamped is arrived else None


def _lost_percent(measured: MeasuredStream) -> float:
    return round(100 * (measured.lost_ratio or 0.0), 2)


def _loss_explains(measured: MeasuredStream, minimum_hz: float, loss_ratio: float) -> bool:
    """Loss is high, and if every lost packet had been a whole frame the rate would suffice."""
    if (measured.lost_ratio or 0.0) < loss_ratio or measured.window_s <= 0:
        return False
    return (measured.frames + measured.rtp_lost_packets) / measured.window_s >= minimum_hz


def frame_rate_kept(
    measured: MeasuredStream,
    configured: ConfiguredStream,
    *,
    minimum_ratio: float,
    recommended_ratio: float,
    loss_ratio: float,
) -> Judgement:
    """The camera sends the frame rate that it is set to."""
    if not configured.frame_rate_hz or configured.frame_rate_hz > UNITS["hz"].high:  # 2147483647: "no limit"
        return unknown("rate_not_configured")
    rate = _rate(measured)
    if isinstance(rate, Judgement):
        return rate
    share = Reading(rate.value / configured.frame_rate_hz, rate.uncertainty / configured.frame_rate_hz)
    outcome = at_least(share, minimum_ratio, recommended_ratio)
    if outcome is Outcome.FAIL and _loss_explains(
        measured, minimum_ratio * configured.frame_rate_hz, loss_ratio
    ):
        return unknown("rate_by_loss", rate=rate.value, lost=_lost_percent(measured))
    name = {Outcome.FAIL: "kept_not", Outcome.NOT_ASSESSED: "rate_unclear_ratio", Outcome.WARN: "kept_almost"}
    return Judgement(
        outcome,
        phrase(
            name.get(outcome, "kept"),
            rate=rate.value,
            configured=configured.frame_rate_hz,
            percent=round(100 * share.value, 1),
            minimum=round(100 * minimum_ratio, 1),
        ),
        observed=share.value,
        configured=configured.frame_rate_hz,
        measured=rate.value,
        uncertainty=share.uncertainty,
    )


def bitrate(
    measured: MeasuredStream,
    configured: ConfiguredStream | None,
    *,
    warn_below_bps: float,
    warn_above_bps: float,
    recommended_bps: Mapping[str, tuple[int, int]],
) -> Judgement:
    """Bits a second are in the window where the picture is worth its line; outside it is a warning, never a
    failure."""
    rate_bps = measured.bitrate_bps
    if rate_bps is None:
        return unknown("bitrate_unknown")
    window = recommended_bps.get(measured.codec)
    if rate_bps < warn_below_bps:
        outcome, name = Outcome.WARN, "bitrate_low"
    elif rate_bps > warn_above_bps:
        outcome, name = Outcome.WARN, "bitrate_high"
    elif window is not None and not window[0] <= rate_bps <= window[1]:
        outcome, name = Outcome.WARN, "bitrate_beside"
    else:
        outcome, name = Outcome.PASS, "bitrate_good"
    return Judgement(
        outcome,
        phrase(name, rate=round(rate_bps / 1e6, 2), below=warn_below_bps / 1e6, above=warn_above_bps / 1e6),
        observed=rate_bps,
        configured=configured.bitrate_bps if configured else None,
        measured=rate_bps,
        uncertainty=measured.bitrate_uncertainty_bps,
        required=(warn_below_bps, warn_above_bps),
    )


def keyframe_interval(
    measured: MeasuredStream,
    configured: ConfiguredStream | None,
    *,
    maximum_s: float,
    recommended_s: float,
    tolerance_ratio: float,
) -> Judgement:
    """Keyframes come often enough to join and to seek; a smart codec's long GOP is a finding, never
    "offline"."""
    configured_s = _configured_gop_s(configured)
    gop_s = measured.gop_length_s
    if gop_s is not None:
        outcome = at_most(
            Reading(gop_s), maximum_s * (1 + tolerance_ratio), recommended_s * (1 + tolerance_ratio)
        )
        name = {Outcome.FAIL: "gop_long", Outcome.WARN: "gop_enough"}.get(outcome, "gop_good")
    elif measured.recovery_points:
        return unknown("gop_intra_refresh", window=measured.window_s)
    elif measured.gop_at_least_s is not None and measured.gop_at_least_s > maximum_s * (1 + tolerance_ratio):
        gop_s, outcome, name = measured.gop_at_least_s, Outcome.FAIL, "gop_at_least"
    else:
        return unknown("gop_unseen", window=measured.window_s)
    return Judgement(
        outcome,
        phrase(name, gop=gop_s, maximum=maximum_s, recommended=recommended_s),
        observed=gop_s,
        configured=configured_s,
        measured=gop_s,
    )


def _configured_gop_s(configured: ConfiguredStream | None) -> float | None:
    if configured is None or not configured.gop_length_frames or not configured.frame_rate_hz:
        return None
    return configured.gop_length_frames / configured.frame_rate_hz


RULES = (
    Rule(
        frame_rate,
        About.MAIN_STREAM,
        "minimum_hz",
        "recommended_hz",
        needs_network=False,
        believes_rates=True,
    ),
    Rule(frame_rate_kept, About.MAIN_STREAM, "minimum_ratio", "recommended_ratio", believes_rates=True),
    Rule(bitrate, About.MAIN_STREAM, in_unit="bit/s", needs_network=False, believes_rates=True),
    Rule(
        keyframe_interval,
        About.MAIN_STREAM,
        "maximum_s",
        "recommended_s",
        needs_network=False,
        believes_rates=True,
    ),
)
