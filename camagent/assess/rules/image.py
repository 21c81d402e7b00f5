"""Rules about what the picture is: its size, its codec, its streams, its content. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

from camagent.assess.judgement import (
    Judgement,
    Reading,
    at_least,
    at_most,
    codec_text,
    phrase,
    size_text,
    unknown,
)
from camagent.assess.rule import About, Rule
from camagent.model.device import EncoderSettings, MediaFacts
from camagent.model.finding import Outcome
from camagent.model.scan_result import CameraFacts
from camagent.model.stream import ConfiguredStream, DeclaredStream, ImageFacts, MeasuredStream
from camagent.model.text import message

Size = tuple[int, int]
Condition = Literal[
    "black",
    "no_signal",
    "corrupt",
    "covered",
    "partly_covered",
    "frozen",
    "upside_down",
    "mosaic",
    "sprayed",
    "blurred",
    "motion_blur",
    "overexposed",
    "underexposed",
    "low_contrast",
    "glare",
    "cast",
    "monochrome",
    "noisy",
    "striped",
    "rolling_bars",
    "letterbox",
    "moved",
    "focus_changed",
]
"""The closed list of `ImageFacts.conditions`, the gravest first: a misspelt one in a profile would never fail
anything."""
Warned = Literal[Condition, "others"]
"""In a profile: one condition, or all that `failing` does not name."""


def resolution(
    measured: MeasuredStream,
    configured: ConfiguredStream | None,
    declared: DeclaredStream | None,
    *,
    minimum_px: Size,
    recommended_px: Size,
    floor_px: Size,
    tolerance_ratio: float,
) -> Judgement:
    """The main stream's picture is at least that wide and that high, whichever way round it hangs."""
    actual = _size(measured.width_px, measured.height_px)
    if actual is None:
        return unknown("size_unknown")
    if measured.parameter_set_changes:
        return unknown("size_changed", changes=measured.parameter_set_changes)

    def reaches(bound: Size) -> bool:
        share = 1 - tolerance_ratio
        return max(actual) >= max(bound) * share and min(actual) >= min(bound) * share

    if not reaches(minimum_px):
        name, outcome = ("size_usable" if reaches(floor_px) else "size_low"), Outcome.FAIL
    elif reaches(recommended_px):
        name, outcome = "size_good", Outcome.PASS
    else:
        name, outcome = "size_enough", Outcome.WARN
    message = phrase(
        name, size=size_text(actual), minimum=size_text(minimum_px), recommended=size_text(recommended_px)
    )
    set_to = _size(configured.width_px, configured.height_px) if configured else None
    of_sdp = _size(declared.width_px, declared.height_px) if declared else None
    claims = (set_to, of_sdp, configured.elsewhere_px if configured else None)
    other = next((size for size in claims if size and not _alike(size, actual, tolerance_ratio)), None)
    if other is not None and outcome is not Outcome.FAIL:
        outcome = Outcome.WARN
        message = phrase("size_contradicted", size=size_text(actual), claimed=size_text(other))
    return Judgement(outcome, message, observed=actual, configured=set_to, declared=of_sdp, measured=actual)


def _alike(claimed: Size, actual: Size, tolerance_ratio: float) -> bool:
    """The same size, whichever way round it hangs."""
    pairs = zip(sorted(claimed), sorted(actual), strict=True)
    return all(abs(one - other) <= tolerance_ratio * max(one, other) for one, other in pairs)


def _size(width_px: int | None, height_px: int | None) -> Size | None:
    return (width_px, height_px) if width_px and height_px else None


def codec(
    measured: MeasuredStream | None,
    declared: DeclaredStream | None,
    configured: ConfiguredStream | None,
    *,
    allowed: tuple[str, ...],
    recommended: tuple[str, ...],
    rejected: tuple[str, ...],
) -> Judgement:
    """The stream's codec is one that the centre takes; the stream itself decides, then SDP, never ONVIF
    alone."""
    source = measured or declared
    codec_name = source.codec if source else None
    if codec_name is None:
        return unknown("codec_unknown")
    if codec_name in rejected:
        outcome, name = Outcome.FAIL, "codec_rejected"
    elif codec_name in recommended:
        outcome, name = Outcome.PASS, "codec_good"
    elif codec_name in allowed:
        outcome, name = Outcome.WARN, "codec_allowed"
    else:
        outcome, name = Outcome.NOT_ASSESSED, "codec_unlisted"
    message = phrase(
        name, codec=codec_text(codec_name), allowed=codec_text(*allowed), recommended=codec_text(*recommended)
    )
    set_to, of_sdp = configured.codec if configured else None, declared.codec if declared else None
    other = next((claim for claim in (set_to, of_sdp) if claim is not None and claim != codec_name), None)
    if other is not None and outcome in (Outcome.PASS, Outcome.WARN):
        outcome, message = (
            Outcome.WARN,
            phrase("codec_contradicted", codec=codec_text(codec_name), claimed=codec_text(other)),
        )
    measured_codec = measured.codec if measured else None
    return Judgement(
        outcome, message, observed=codec_name, configured=set_to, declared=of_sdp, measured=measured_codec
    )


def sub_streams(
    media: MediaFacts, camera: CameraFacts, *, minimum_streams: int, recommended_streams: int
) -> Judgement:
    """The camera offers that many streams lighter than its heaviest, each with an encoder of its own."""
    own = [p for p in media.profiles if camera.video_source in (None, p.video_source)]
    encoders = {p.encoder.token: p.encoder for p in own if isinstance(p.encoder, EncoderSettings)}
    count, all_told = _lighter(tuple(encoders.values()))
    incomplete = (
        media.truncated or not all_told or any(not isinstance(p.encoder, EncoderSettings) for p in own)
    )
    outcome = at_least(Reading(count), minimum_streams, recommended_streams)
    if outcome is Outcome.FAIL and incomplete:
        return unknown("sub_streams_unclear")
    name = {Outcome.FAIL: "sub_streams_few", Outcome.WARN: "sub_streams_enough"}.get(
        outcome, "sub_streams_good"
    )
    sentence = phrase(name, count=count, minimum=minimum_streams, recommended=recommended_streams)
    return Judgement(outcome, sentence, observed=count, configured=count)


def _lighter(encoders: Sequence[EncoderSettings]) -> tuple[int, bool]:
    """How many have fewer pixels than the largest, or its pixels and less bit rate; and whether all could be
    told."""
    pixels = [(e.width_px or 0) * (e.height_px or 0) for e in encoders]
    limits_bps = [e.bitrate_bps or 0 for e, own in zip(encoders, pixels, strict=True) if own == max(pixels)]
    smaller = sum(1 for own in pixels if 0 < own < max(pixels))
    slower = sum(1 for limit_bps in limits_bps if 0 < limit_bps < max(limits_bps))
    return smaller + slower, 0 not in pixels and (len(limits_bps) == 1 or 0 not in limits_bps)


def decode_errors(
    measured: MeasuredStream, *, maximum_ratio: float, recommended_ratio: float, minimum_pictures: int
) -> Judgement:
    """Of the pictures that were given to the decoder, hardly any is broken."""
    pictures = measured.keyframes_decoded + measured.decode_errors
    if pictures < minimum_pictures:
        return unknown("pictures_few", pictures=pictures)
    ratio = measured.decode_errors / pictures
    if ratio > maximum_ratio and measured.rtp_lost_packets:
        return unknown("decode_errors_by_loss", errors=measured.decode_errors, lost=measured.rtp_lost_packets)
    outcome = at_most(Reading(ratio), maximum_ratio, recommended_ratio)
    name = {Outcome.FAIL: "decode_errors_many", Outcome.WARN: "decode_errors_some"}.get(
        outcome, "decode_errors_none"
    )
    sentence = phrase(
        name, errors=measured.decode_errors, pictures=pictures, limit=round(100 * maximum_ratio, 2)
    )
    return Judgement(outcome, sentence, observed=ratio, measured=ratio)


def picture(
    image: ImageFacts,
    measured: MeasuredStream | None,
    *,
    failing: tuple[Condition, ...],
    warning: tuple[Warned, ...],
    frozen_after_s: float,
) -> Judgement:
    """The picture shows a scene: not black, covered, frozen, blurred …; what the numbers left open is not
    known."""
    if image.frames < 1:
        return unknown("absent_image")
    bad = [condition for condition in failing if condition in image.conditions]
    too_short = "frozen" in bad and (measured is None or measured.window_s < frozen_after_s)
    if too_short:
        bad.remove("frozen")
    if bad:
        return _shows(Outcome.FAIL, bad)
    if too_short:
        return unknown("frozen_short", seconds=frozen_after_s)
    unsure = [condition for condition in image.unsure if condition in failing]
    if unsure:
        return Judgement(Outcome.NOT_ASSESSED, message(f"picture.{unsure[0]}.unsure"))
    warned = set(get_args(Condition)) - set(failing) if "others" in warning else set(warning)
    poor = [condition for condition in get_args(Condition) if condition in warned & set(image.conditions)]
    if poor:
        return _shows(Outcome.WARN, poor)
    return Judgement(Outcome.PASS, phrase("picture_good", frames=image.frames), observed=(), measured=())


def _shows(outcome: Outcome, conditions: Sequence[Condition]) -> Judgement:
    """The worst of the conditions in words, all of them as what was observed, and what to do about the
    worst."""
    names, worst = tuple(conditions), conditions[0]
    do = message(f"picture.{worst}.do")
    return Judgement(outcome, message(f"picture.{worst}.say"), observed=names, measured=names, remedy=do)


RULES = (
    Rule(resolution, About.MAIN_STREAM, "minimum_px", "recommended_px", needs_network=False),
    Rule(codec, About.MAIN_STREAM, "allowed", "recommended", needs_network=False),
    Rule(sub_streams, About.CAMERA, "minimum_streams", "recommended_streams"),
    Rule(decode_errors, About.MAIN_STREAM, "maximum_ratio", "recommended_ratio", needs_network=False),
    Rule(picture, About.MAIN_STREAM, needs_network=False),
)
