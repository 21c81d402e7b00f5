"""Which menu values of the encoder would meet the bounds, as far as the device advertises them. Pure.

Options are marginal, not joint: the largest size and the highest rate may exclude each other. So a choice
found here is "advertised as configurable", never "will comply".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from camagent.model.device import (
    DeviceFacts,
    EncoderOptions,
    EncoderSettings,
    MediaFacts,
    MediaProfile,
    Range,
)
from camagent.model.finding import Finding, Outcome, Quantity, Setting
from camagent.model.scan_result import CameraFacts
from camagent.model.stream import MeasuredStream, StreamFacts, StreamRole
from camagent.plan.bounds import MET, Bounds, Size, bounds_of, outcomes_of
from camagent.plan.calls import encoder_call
from camagent.plan.main_encoder import larger_single_pictures, main_profile, media1_menu, other_mode_doubt
from camagent.plan.menu import believable, gops_deny, rates_deny, sizes_deny

KBPS = 1000


class Ability(Enum):
    """What the options say about meeting the bounds."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Choice:
    """The answer, and where it is yes the settings that differ from today's."""

    ability: Ability
    settings: tuple[Setting, ...] = ()
    limit_bps: int | None = None
    """The bit-rate limit that the encoder then has; None: not known."""
    dense_enough: bool = False
    """The size chosen has the pixels that a failed pixel density lacked."""
    doubt: str = "options_unread"
    """Where the answer is not known: the step of the plan that says why."""


@dataclass(frozen=True, slots=True)
class _Target:
    """One encoder's today, and how to name it in a call."""

    camera: CameraFacts
    settings: EncoderSettings
    options: tuple[EncoderOptions, ...]
    service: str


def choose_encoder(camera: CameraFacts, findings: Sequence[Finding]) -> Choice:
    """Whether the main stream's encoder advertises what the bounds ask, and which settings those would be.

    Where it does not, an encoder of the same source that is set to larger single pictures may: then it is to
    be set.
    """
    main = main_profile(camera)
    choice = _choice_of(camera, findings, _target(camera, main))
    if choice.ability is Ability.YES or main is None:
        return choice
    for profile in larger_single_pictures(camera, main):
        other = _choice_of(camera, findings, _target(camera, profile))
        if other.ability is Ability.YES and any(setting.name == "codec" for setting in other.settings):
            return replace(
                other, settings=tuple(replace(setting, stream="sub") for setting in other.settings)
            )
    if choice.ability is Ability.NO:
        for profile in (main, *larger_single_pictures(camera, main)):
            doubt = _doubt_of_media1(camera, findings, profile) or other_mode_doubt(profile)
            if doubt is not None:
                return Choice(Ability.UNKNOWN, doubt=doubt)
    return choice


def _doubt_of_media1(camera: CameraFacts, findings: Sequence[Finding], profile: MediaProfile) -> str | None:
    """Why Media2's "no" does not hold: Media1's menu was not read, or does not say no as well."""
    menu = media1_menu(camera, profile)
    if menu is None:
        return "media1_unread"
    target = _target(camera, replace(profile, options=menu))
    if target is None:
        return None
    bounds, outcomes = _bounds(camera, findings, target), outcomes_of(findings)
    choices = (_with_codec(target, believable(o), bounds, outcomes) for o in _by_preference(target, bounds))
    return "menus_differ" if any(choice.ability is not Ability.NO for choice in choices) else None


def _choice_of(camera: CameraFacts, findings: Sequence[Finding], target: _Target | None) -> Choice:
    if target is None:
        return Choice(Ability.UNKNOWN)
    bounds = _bounds(camera, findings, target)
    sent = _codec_sent(camera, target) or target.settings.codec
    if (
        sent is not None
        and all(option.codec != sent for option in target.options)
        and _is_allowed(sent, bounds)
    ):
        # Media1 cannot list H.265: no reason to leave it
        return Choice(Ability.UNKNOWN, doubt="options_without_codec")
    outcomes = outcomes_of(findings)
    unknown: Choice | None = None
    for option in _by_preference(target, bounds):
        choice = _with_codec(target, believable(option), bounds, outcomes)
        if choice.ability is Ability.YES:
            return choice
        unknown = unknown or (choice if choice.ability is Ability.UNKNOWN else None)
    if any(_is_allowed(option.codec, bounds) for option in target.options):
        return unknown or Choice(Ability.NO)
    chosen_from = any(sizes_deny(believable(option), target.settings) for option in target.options)
    return Choice(Ability.NO) if chosen_from else Choice(Ability.UNKNOWN, doubt="options_no_choice")


def _bounds(camera: CameraFacts, findings: Sequence[Finding], target: _Target) -> Bounds:
    return replace(bounds_of(findings, camera.declaration), turned=_turned(camera, target))


def _codec_sent(camera: CameraFacts, target: _Target) -> str | None:
    main = main_profile(camera)
    if main is None or main.encoder is not target.settings:
        return None
    sent = next((s.measured for s in camera.streams if s.role is StreamRole.MAIN), None)
    return sent.codec if isinstance(sent, MeasuredStream) else None


def _is_allowed(codec: str, bounds: Bounds) -> bool:
    return bounds.codecs is None or codec in bounds.codecs


def _turned(camera: CameraFacts, target: _Target) -> bool:
    sent = next((s.measured for s in camera.streams if s.role is StreamRole.MAIN), None)
    return isinstance(sent, MeasuredStream) and _upright(sent) is True and _upright(target.settings) is False


def _upright(picture: MeasuredStream | EncoderSettings) -> bool | None:
    """Higher than wide; None where its size is not known."""
    if not picture.width_px or not picture.height_px:
        return None
    return picture.width_px < picture.height_px


def _target(camera: CameraFacts, media_profile: MediaProfile | None) -> _Target | None:
    if media_profile is None or not isinstance(media_profile.encoder, EncoderSettings):
        return None
    if not isinstance(media_profile.options, tuple) or not media_profile.options:
        return None
    assert isinstance(camera.device, DeviceFacts) and isinstance(camera.device.media, MediaFacts)
    return _Target(camera, media_profile.encoder, media_profile.options, camera.device.media.service)


def _by_preference(target: _Target, bounds: Bounds) -> list[EncoderOptions]:
    """Today's codec first where it is allowed (the smallest change), then the recommended ones, then the
    rest."""
    allowed = [option for option in target.options if _is_allowed(option.codec, bounds)]
    return sorted(
        allowed, key=lambda o: (o.codec != target.settings.codec, o.codec not in bounds.preferred_codecs)
    )


def _with_codec(
    target: _Target, option: EncoderOptions, bounds: Bounds, outcomes: Mapping[str, Outcome]
) -> Choice:
    now = target.settings
    size_now = (now.width_px, now.height_px) if now.width_px and now.height_px else None
    size = _size(option, bounds, size_now)
    rate = _rate(option, bounds.minimum_hz, now.frame_rate_hz)
    gop = _gop(option, bounds.maximum_gop_s, rate)
    if outcomes.get("keyframe_interval") is not Outcome.FAIL:
        gop = _kept_short(gop, now.gop_length_frames) if option.codec != now.codec else None
    values = {"resolution": size, "frame_rate": rate, "keyframe_interval": gop}
    denied = [check for check, value in values.items() if value is Ability.NO]
    if denied and all(option.codec == now.codec and outcomes.get(check) in MET for check in denied):
        return Choice(Ability.UNKNOWN)  # it sends what its own options deny: they cannot be believed
    if denied or any(value is Ability.UNKNOWN for value in values.values()):
        return _not_offered(denied, option, now)
    bitrate = _bitrate(option, bounds, now, _growth(option, now, size, rate))
    changes: list[tuple[str, Quantity, Quantity, str | None]] = []
    if option.codec != now.codec:
        changes.append(("codec", now.codec, option.codec, None))
    if isinstance(size, tuple) and size != size_now:
        changes.append(("resolution", size_now, size, "px"))
    if isinstance(rate, float) and rate != now.frame_rate_hz:
        changes.append(("frame_rate", now.frame_rate_hz, rate, "Hz"))
    if isinstance(gop, int) and gop != now.gop_length_frames:
        changes.append(("gop", now.gop_length_frames, gop, "frames"))
    if bitrate is not None and bitrate != now.bitrate_bps:
        changes.append(("bitrate", now.bitrate_bps, bitrate, "bit/s"))
    advised = {name: then for name, _, then, _ in changes}
    call = encoder_call(target.camera, now, option, target.service, advised)
    settings = tuple(Setting(name, was, then, unit, call, "main") for name, was, then, unit in changes)
    return Choice(Ability.YES, settings, bitrate, _dense_enough(settings, bounds))


def _not_offered(denied: Sequence[str], option: EncoderOptions, now: EncoderSettings) -> Choice:
    """NO only where a part of the menu that offers a choice leaves out what is asked."""
    offers = {
        "resolution": sizes_deny(option, now),
        "frame_rate": rates_deny(option, now),
        "keyframe_interval": gops_deny(option),
    }
    if any(offers[check] for check in denied):
        return Choice(Ability.NO)
    if denied and not option.is_whole:
        return Choice(Ability.UNKNOWN, doubt="options_in_part")
    return Choice(Ability.UNKNOWN, doubt="options_no_choice" if denied else "options_unread")


def _size(option: EncoderOptions, bounds: Bounds, now: Size | None) -> Size | Ability | None:
    """Today's size where it suffices and is offered, else the smallest that does."""
    minimum_px, across_px = bounds.minimum_px, bounds.across_px
    if minimum_px is None and (across_px is None or not option.resolutions):
        return now
    if not option.resolutions:
        return Ability.UNKNOWN
    enough = [size for size in option.resolutions if minimum_px is None or _reaches(size, minimum_px)]
    wide = [size for size in enough if across_px is not None and size[bounds.turned] >= across_px]
    if minimum_px is None and not wide:
        return now
    enough = wide or enough
    if now in enough:
        return now
    return min(enough, key=lambda size: size[0] * size[1]) if enough else Ability.NO


def _dense_enough(settings: Sequence[Setting], bounds: Bounds) -> bool:
    size = next((s.then for s in settings if s.name == "resolution"), None)
    if bounds.across_px is None or not isinstance(size, tuple):
        return False
    return int(size[bounds.turned]) >= bounds.across_px


def _reaches(size: Size, minimum_px: Size) -> bool:
    return max(size) >= max(minimum_px) and min(size) >= min(minimum_px)


def _rate(option: EncoderOptions, minimum_hz: float | None, now_hz: float | None) -> float | Ability | None:
    """Today's rate where it suffices and is offered, else the lowest that does."""
    if minimum_hz is None:
        return now_hz
    if option.frame_rates_hz:
        enough = [rate for rate in option.frame_rates_hz if rate >= minimum_hz]
        if now_hz in enough:
            return now_hz
        return float(min(enough)) if enough else Ability.NO
    span = option.frame_rate_range_hz
    if span is None:
        return Ability.UNKNOWN
    if now_hz is not None and max(minimum_hz, span.low) <= now_hz <= span.high:
        return now_hz
    return float(max(minimum_hz, span.low)) if span.high >= minimum_hz else Ability.NO


def _gop(
    option: EncoderOptions, maximum_s: float | None, rate: float | Ability | None
) -> int | Ability | None:
    if maximum_s is None:
        return None
    if not isinstance(rate, float):
        return Ability.UNKNOWN
    frames = int(maximum_s * rate)
    span = option.gop_range_frames
    if span is None:
        return Ability.UNKNOWN
    return min(frames, int(span.high)) if span.low <= frames else Ability.NO


def _kept_short(gop: int | Ability | None, now_frames: int | None) -> int | None:
    """Another codec may come with a long GOP of its own: named, as far as it can be, where today's does not
    suffice."""
    return gop if isinstance(gop, int) and (now_frames is None or now_frames > gop) else None


def _growth(option: EncoderOptions, now: EncoderSettings, size: object, rate: object) -> float:
    """How many times more pixels a second the new settings ask of the same codec; 1 where that is not
    known."""
    if option.codec != now.codec or not now.width_px or not now.height_px or not now.frame_rate_hz:
        return 1.0
    pixels = size[0] * size[1] if isinstance(size, tuple) else now.width_px * now.height_px
    new_hz = rate if isinstance(rate, float) else now.frame_rate_hz
    return max(1.0, pixels * new_hz / (now.width_px * now.height_px * now.frame_rate_hz))


def _bitrate(option: EncoderOptions, bounds: Bounds, now: EncoderSettings, growth: float) -> int | None:
    """Today's limit, raised with size and rate, inside the profile's window and what the codec takes; None:
    not known.

    More pixels at the old limit are a smeared picture by our advice. Another codec needs no more than the old
    one did.
    """
    if now.bitrate_bps is None:
        return None
    wanted = now.bitrate_bps * growth
    if growth > 1.0 and bounds.minimum_bps is not None:
        wanted = max(wanted, bounds.minimum_bps)
    if bounds.maximum_bps is not None:
        wanted = min(wanted, bounds.maximum_bps)
    span = option.bitrate_range_bps
    wanted = wanted if span is None else _clipped(wanted, span)
    return int(wanted // KBPS * KBPS)  # encoders are set in whole kbit/s


def _clipped(value: float, span: Range) -> float:
    return max(span.low, min(value, span.high))


def measured_bitrate_bps(camera: CameraFacts) -> float | None:
    """What the main stream takes today."""
    stream: StreamFacts | None = next((s for s in camera.streams if s.role is StreamRole.MAIN), None)
    return getattr(stream.measured, "bitrate_bps", None) if stream is not None else None
