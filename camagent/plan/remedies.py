"""What mends each failed check: one literal table from a rule function's name to its remedy. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from camagent.model.device import DeviceFacts, EncoderSettings, MediaFacts, NetworkFacts
from camagent.model.fault import Fault
from camagent.model.finding import Action, Finding, Outcome, Setting
from camagent.model.scan import CameraFacts
from camagent.model.stream import MeasuredStream, StreamFacts, StreamRole
from camagent.model.text import Message, message
from camagent.plan.encoder import Ability, Choice, main_profile

HOUR_S = 3600
Settler = Callable[[Finding, "Case"], Setting | None]


@dataclass(frozen=True, slots=True)
class Case:
    """One camera, and what its encoder advertises."""

    camera: CameraFacts
    encoder: Choice

    @property
    def device(self) -> DeviceFacts | None:
        """What ONVIF told, if it did."""
        return self.camera.device if isinstance(self.camera.device, DeviceFacts) else None

    @property
    def main(self) -> StreamFacts | None:
        """The main stream."""
        return next((stream for stream in self.camera.streams if stream.role is StreamRole.MAIN), None)


@dataclass(frozen=True, slots=True)
class Remedy:
    """The cheapest known step against one failed check."""

    action: Action
    steps: tuple[Message, ...]
    settings: tuple[Setting, ...] = ()
    advertised: bool = False
    """It rests on what the device says that it can be set to: never "will comply"."""


def remedy_for(finding: Finding, case: Case) -> Remedy:
    """The remedy of the finding's check; a check that nobody planned for is to be looked into."""
    return REMEDIES.get(finding.check, _investigate)(finding, case)


def step(name: str, **args: str | int | float | bool | None) -> Message:
    """A sentence of the catalogue area `plan`."""
    return message(f"plan.{name}", **args)


def _investigate(finding: Finding, case: Case) -> Remedy:
    return Remedy(Action.INVESTIGATE, (finding.remedy or finding.message,))


MENDS: Mapping[str, frozenset[str]] = {
    "resolution": frozenset({"resolution"}),
    "codec": frozenset({"codec"}),
    "frame_rate": frozenset({"frame_rate"}),
    "keyframe_interval": frozenset({"gop", "frame_rate"}),
}
"""Check -> the encoder settings that change what it looks at; a change of another one would mend nothing."""


def _encoder(finding: Finding, case: Case) -> Remedy:
    """Settings where the options offer them; replacement only where they are known and offer no more."""
    if case.encoder.ability is Ability.UNKNOWN:
        return Remedy(Action.INVESTIGATE, (step("options_unread"),))
    if case.encoder.ability is Ability.NO and _is_recorder(case):
        return Remedy(Action.INVESTIGATE, (step("recorder_options"),))
    if case.encoder.ability is Ability.NO:
        return Remedy(Action.REPLACE, (step("options_insufficient"),))
    if not MENDS[finding.check] & {setting.name for setting in case.encoder.settings}:
        # What ONVIF says is set would already do, yet something else is sent: no menu value mends that.
        return Remedy(Action.INVESTIGATE, (step("encoder_ignores_settings"),))
    return Remedy(Action.RECONFIGURE, (step("reconfigure_encoder"),), case.encoder.settings, advertised=True)


def _frame_rate(finding: Finding, case: Case) -> Remedy:
    """A camera that is set to enough and sends less is held back by something that no rate setting changes."""
    configured, required = finding.configured, finding.required
    if isinstance(configured, int | float) and isinstance(required, int | float) and configured >= required:
        return _rate_not_kept(finding, case)
    return _encoder(finding, case)


def _rate_not_kept(finding: Finding, case: Case) -> Remedy:
    media_profile = main_profile(case.camera)
    encoder = media_profile.encoder if media_profile is not None else None
    interval = encoder.encoding_interval if isinstance(encoder, EncoderSettings) else None
    skipping = (step("encoding_interval", interval=interval),) if interval is not None and interval > 1 else ()
    return Remedy(Action.INVESTIGATE, (*skipping, step("rate_not_kept")))


def _device_answers(finding: Finding, case: Case) -> Remedy:
    main = case.main
    if main is not None and isinstance(main.measured, MeasuredStream):
        return Remedy(Action.RECONFIGURE, (step("switch_onvif_on"),))
    return Remedy(Action.INVESTIGATE, (step("dead"),))


def _stream_plays(finding: Finding, case: Case) -> Remedy:
    main = case.main
    if main is not None and isinstance(main.measured, MeasuredStream):
        if main.measured.transport == "udp":
            return Remedy(Action.UPDATE_FIRMWARE, (step("firmware_for_tcp"),))
        return Remedy(Action.FIX_NETWORK, (step("slow_start"),))
    if case.device is None:
        return Remedy(Action.INVESTIGATE, (step("dead"),))
    return Remedy(Action.INVESTIGATE, (step("stream_dead"),))


def _network(finding: Finding, case: Case) -> Remedy:
    network = case.device.network if case.device is not None else None
    steps: tuple[Message, ...] = (step("fix_network"),)
    if isinstance(network, NetworkFacts) and network.link_duplex == "Half":
        steps = (step("duplex"), *steps)
    return Remedy(Action.FIX_NETWORK, steps)


PICTURE_STEPS = frozenset({"black", "covered", "blurred", "frozen", "no_signal"})


def _picture(finding: Finding, case: Case) -> Remedy:
    seen = finding.observed if isinstance(finding.observed, tuple) else ()
    steps = tuple(step(f"picture_{c}") for c in seen if c in PICTURE_STEPS) or (step("picture_other"),)
    if _is_recorder(case) and {"black", "no_signal"} & set(seen):
        steps = (step("rewire", channel=case.camera.video_source), *steps)
    return Remedy(Action.FIX_PICTURE, steps)


def _is_recorder(case: Case) -> bool:
    media = case.device.media if case.device is not None else None
    return isinstance(media, MediaFacts) and len({p.video_source for p in media.profiles} - {None}) > 1


def _density(finding: Finding, case: Case) -> Remedy:
    """More pixels where the encoder advertises enough of them; else the scene has to become narrower."""
    if case.encoder.dense_enough:
        return Remedy(Action.RECONFIGURE, (step("reconfigure_encoder"),), case.encoder.settings, advertised=True)
    return Remedy(Action.FIX_PICTURE, (step("narrow_scene"),))


def _menu(finding: Finding, case: Case, *, name: str, setting: Settler | None = None) -> Remedy:
    """A menu entry: the finding's own advice, and the ONVIF call where there is one."""
    made = setting(finding, case) if setting is not None else None
    return Remedy(Action.RECONFIGURE, (finding.remedy or step(name),), (made,) if made is not None else ())


def _ntp(finding: Finding, case: Case) -> Setting | None:
    clock = case.device.clock if case.device is not None else None
    if clock is None or isinstance(clock, Fault) or clock.source == "NTP":
        return None
    return Setting("ntp", clock.source, "NTP", None, "device:SetSystemDateAndTime DateTimeType=NTP; device:SetNTP")


def _zone(finding: Finding, case: Case) -> Setting | None:
    if not isinstance(finding.required, int | float):
        return None
    hours, rest_s = divmod(int(finding.required), HOUR_S)
    if rest_s:
        return None
    zone = f"<{hours:+03d}>{-hours:+d}"  # POSIX 1003.1: the sign is what to add to get UTC
    return Setting("time_zone", finding.configured, zone, None, f"device:SetSystemDateAndTime TimeZone.TZ={zone}")


def _https(finding: Finding, case: Case) -> Remedy:
    network = case.device.network if case.device is not None else None
    listed = network.protocols if isinstance(network, NetworkFacts) else None
    off = next((p for p in listed or () if p.name.upper() == "HTTPS" and not p.enabled), None)
    if finding.observed is False and listed is None:
        return Remedy(Action.INVESTIGATE, (step("https_unread"),))
    if finding.observed is False and any(p.name.upper() == "HTTPS" and p.enabled for p in listed or ()):
        return _investigate(finding, case)
    if off is None:
        return Remedy(Action.UPDATE_FIRMWARE, (step("firmware_for_https"),))
    call = "device:SetNetworkProtocols Name=HTTPS Enabled=true"
    switch = Setting("protocols", "HTTPS off", "HTTPS on", None, call)
    return Remedy(Action.RECONFIGURE, (step("switch_https_on"),), (switch,), advertised=True)


def _login(finding: Finding, case: Case) -> Remedy:
    """Basic alone is mostly a menu's choice; a device that knows nothing but WS-UsernameToken has no such menu."""
    seen = finding.observed if isinstance(finding.observed, tuple) else ()
    if "ws-usernametoken" in seen or not seen:
        return Remedy(Action.UPDATE_FIRMWARE, (step("firmware_for_digest"),))
    return Remedy(Action.RECONFIGURE, (step("set_digest"),))


def _firmware(finding: Finding, case: Case, *, name: str) -> Remedy:
    return Remedy(Action.UPDATE_FIRMWARE, (step(name),))


REMEDIES: Mapping[str, Callable[[Finding, Case], Remedy]] = {
    "resolution": _encoder,
    "codec": _encoder,
    "keyframe_interval": _encoder,
    "frame_rate": _frame_rate,
    "frame_rate_kept": _rate_not_kept,
    "device_answers": _device_answers,
    "stream_plays": _stream_plays,
    "packet_loss": _network,
    "availability": _network,
    "picture": _picture,
    "pixel_density": _density,
    "time_server": partial(_menu, name="set_ntp", setting=_ntp),
    "clock_offset": partial(_menu, name="set_ntp", setting=_ntp),
    "time_zone": partial(_menu, name="set_zone", setting=_zone),
    "anonymous_onvif": partial(_menu, name="set_authentication"),
    "anonymous_stream": partial(_menu, name="set_authentication"),
    "default_login": partial(_menu, name="set_password"),
    "open_ports": partial(_menu, name="close_ports"),
    "certificate": partial(_menu, name="new_certificate"),
    "accounts": partial(_menu, name="make_account"),
    "https": _https,
    "login_scheme": _login,
    "firmware": partial(_firmware, name="firmware_supported"),
    "onvif_conformance": partial(_firmware, name="firmware_for_conformance"),
}
"""Name of the rule function -> its remedy. Everything else is to be looked into."""


def failed(findings: Sequence[Finding]) -> list[Finding]:
    """The failures that a network check found."""
    return [f for f in findings if f.outcome is Outcome.FAIL and not f.manual]
