"""What mends each failed check: one literal table from a rule function's name to its remedy. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from camagent.model.device import (
    USERNAME_TOKEN,
    DeviceClock,
    DeviceFacts,
    EncoderSettings,
    NetworkFacts,
    ServiceCapabilities,
)
from camagent.model.fault import Fault, FaultCode, kind_of_silence
from camagent.model.finding import Action, Finding, Outcome, Setting
from camagent.model.scan_result import CameraFacts
from camagent.model.stream import MeasuredStream, ProfileTarget
from camagent.model.text import Message, message
from camagent.plan.calls import onvif_call
from camagent.plan.encoder import Ability
from camagent.plan.grounds import newer_firmware
from camagent.plan.main_encoder import is_recorder, main_profile
from camagent.plan.remedy import Case, Remedy, Settler, advice, step
from camagent.plan.tender import NAMES

HOUR_S = 3600
HTTPS_PORT = 443


def remedy_for(finding: Finding, case: Case) -> Remedy:
    """The remedy of the finding's check; a check that nobody planned for is to be looked into."""
    return REMEDIES.get(finding.check, _investigate)(finding, case)


def _investigate(finding: Finding, case: Case) -> Remedy:
    return Remedy(Action.INVESTIGATE, (advice(finding),))


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
        return Remedy(Action.INVESTIGATE, (step(case.encoder.doubt, codec=_codec_text(case)),))
    if case.encoder.ability is Ability.NO and _is_recorder(case):
        return Remedy(Action.INVESTIGATE, (step("recorder_options"),))
    if case.encoder.ability is Ability.NO:
        return Remedy(Action.REPLACE, (step("options_insufficient"),))
    # then all that it sends is new
    another = any(setting.stream != "main" for setting in case.encoder.settings)
    if not another and not MENDS[finding.check] & {setting.name for setting in case.encoder.settings}:
        # What ONVIF says is set would already do, yet something else is sent: no menu value mends that.
        return Remedy(Action.INVESTIGATE, (step("encoder_ignores_settings"),))
    name = "reconfigure_single_pictures" if another else "reconfigure_encoder"
    return Remedy(Action.RECONFIGURE, (step(name),), case.encoder.settings, advertised=True)


def _codec_text(case: Case) -> str:
    """The codec that the main stream sends, as people write it; "–" where it is not known."""
    main = case.main
    sent = main.measured.codec if main is not None and isinstance(main.measured, MeasuredStream) else None
    return NAMES.get(sent or "", (sent or "–").upper())


def _frame_rate(finding: Finding, case: Case) -> Remedy:
    """A camera that is set to enough and sends less is held back by something that no rate setting
    changes."""
    configured, required = finding.configured, finding.required
    if isinstance(configured, int | float) and isinstance(required, int | float) and configured >= required:
        return _rate_not_kept(finding, case)
    return _encoder(finding, case)


def _rate_not_kept(finding: Finding, case: Case) -> Remedy:
    media_profile = main_profile(case.camera)
    encoder = media_profile.encoder if media_profile is not None else None
    interval = encoder.encoding_interval if isinstance(encoder, EncoderSettings) else None
    skipping = (
        (step("encoding_interval", interval=interval),) if interval is not None and interval > 1 else ()
    )
    return Remedy(Action.INVESTIGATE, (*skipping, step("rate_not_kept")))


def _device_answers(finding: Finding, case: Case) -> Remedy:
    main = case.main
    if main is not None and isinstance(main.measured, MeasuredStream):
        return Remedy(Action.RECONFIGURE, (step("switch_onvif_on"),))
    return Remedy(Action.INVESTIGATE, (step(f"dead_{_dead_way_of(_device_fault(case.camera))}"),))


def _device_fault(camera: CameraFacts) -> Fault | None:
    device = camera.device
    if not isinstance(device, DeviceFacts):
        return device
    parts = (device.clock, device.services, device.information, device.media)
    return next((part for part in parts if isinstance(part, Fault)), None)


def _dead_way_of(fault: Fault | None) -> str:
    """The same of a device; "mute" where it takes connections and answers nothing: its cable is not the
    cause."""
    return "mute" if fault is not None and fault.code is FaultCode.TIMEOUT else kind_of_silence(fault)


def _stream_plays(finding: Finding, case: Case) -> Remedy:
    main = case.main
    if main is not None and isinstance(main.measured, MeasuredStream):
        if main.measured.transport == "udp":
            return Remedy(Action.UPDATE_FIRMWARE, (step("firmware_for_tcp"),))
        return Remedy(Action.FIX_NETWORK, (step("slow_start"),))
    if case.device is None:
        fault = _device_fault(case.camera) or (main.fault if main is not None else None)
        return Remedy(Action.INVESTIGATE, (step(f"dead_{_dead_way_of(fault)}"),))
    if main is None:
        return Remedy(Action.INVESTIGATE, (step("streams_unlisted"),))
    if isinstance(main.target, ProfileTarget):
        return Remedy(Action.INVESTIGATE, (step("no_address"),))
    return Remedy(Action.INVESTIGATE, (step(f"stream_{kind_of_silence(main.fault)}"),))


def _network(finding: Finding, case: Case) -> Remedy:
    network = case.device.network if case.device is not None else None
    steps: tuple[Message, ...] = (step("fix_network"),)
    if isinstance(network, NetworkFacts) and network.link_duplex == "Half":
        steps = (step("duplex"), *steps)
    return Remedy(Action.FIX_NETWORK, steps)


def _picture(finding: Finding, case: Case) -> Remedy:
    conditions = finding.observed if isinstance(finding.observed, tuple) else ()
    steps = tuple(message(f"picture.{c}.do") for c in conditions) or (advice(finding),)
    if _is_recorder(case) and {"black", "no_signal"} & set(conditions):
        steps = (step("rewire", channel=case.camera.video_source), *steps)
    return Remedy(Action.FIX_PICTURE, steps)


def _is_recorder(case: Case) -> bool:
    return case.device is not None and is_recorder(case.device)


def _density(finding: Finding, case: Case) -> Remedy:
    """More pixels where the encoder advertises enough of them; else the scene has to become narrower."""
    if case.encoder.dense_enough:
        return Remedy(
            Action.RECONFIGURE, (step("reconfigure_encoder"),), case.encoder.settings, advertised=True
        )
    return Remedy(Action.FIX_PICTURE, (step("narrow_scene"),))


def _menu(finding: Finding, case: Case, *, name: str, setting: Settler | None = None) -> Remedy:
    """A menu entry: the finding's own advice, and the ONVIF call where there is one."""
    made = setting(finding, case) if setting is not None else None
    return Remedy(Action.RECONFIGURE, (finding.remedy or step(name),), (made,) if made is not None else ())


def _ntp(finding: Finding, case: Case) -> Setting | None:
    clock = case.device.clock if case.device is not None else None
    if clock is None or isinstance(clock, Fault) or clock.source == "NTP":
        return None
    values = {"DateTimeType": "NTP", "DaylightSavings": bool(clock.daylight_savings)}
    zone = {"TimeZone": {"TZ": clock.time_zone}} if clock.time_zone else {}
    call = onvif_call(case.camera, "devicemgmt", "SetSystemDateAndTime", {**values, **zone})
    return Setting("ntp", clock.source, "NTP", None, call)


def _zone(finding: Finding, case: Case) -> Setting | None:
    if not isinstance(finding.required, int | float):
        return None
    hours, rest_s = divmod(int(finding.required), HOUR_S)
    if rest_s:
        return None
    zone = f"<{hours:+03d}>{-hours:+d}"  # POSIX 1003.1: the sign is what to add to get UTC
    clock = case.device.clock if case.device is not None else None
    source = clock.source if isinstance(clock, DeviceClock) and clock.source else "NTP"
    values = {"DateTimeType": source, "DaylightSavings": False, "TimeZone": {"TZ": zone}}
    call = onvif_call(case.camera, "devicemgmt", "SetSystemDateAndTime", values) if source == "NTP" else None
    return Setting("time_zone", finding.configured, zone, None, call)


def _https(finding: Finding, case: Case) -> Remedy:
    """Firmware only where the device itself says that no setting can do it."""
    claims = _claims(case)
    stated = claims.tls_versions if claims is not None else None
    if finding.observed is not False:
        if any(_tls(version) >= _tls(str(finding.required)) for version in stated or ()):
            return Remedy(Action.RECONFIGURE, (step("set_tls"),), advertised=True)
        return Remedy(Action.UPDATE_FIRMWARE, (step("firmware_for_https"),))
    network = case.device.network if case.device is not None else None
    listed = network.protocols if isinstance(network, NetworkFacts) else None
    rows = [protocol for protocol in listed or () if protocol.name.upper() == "HTTPS"]
    if any(protocol.enabled for protocol in rows):
        return _investigate(finding, case)
    if not rows and stated == ():
        return Remedy(Action.UPDATE_FIRMWARE, (step("firmware_for_https"),))
    if not rows and not stated:
        return Remedy(Action.INVESTIGATE, (step("https_unread"),))
    row = {
        "Name": "HTTPS",
        "Enabled": True,
        "Port": list(rows[0].ports) if rows and rows[0].ports else [HTTPS_PORT],
    }
    call = onvif_call(case.camera, "devicemgmt", "SetNetworkProtocols", {"NetworkProtocols": [row]})
    switch = Setting("protocols", "HTTPS off", "HTTPS on", None, call)
    return Remedy(Action.RECONFIGURE, (step("switch_https_on"),), (switch,), advertised=True)


def _tls(version: str) -> tuple[int, ...]:
    numbers = version.upper().removeprefix("TLSV").split(".")
    return tuple(int(number) for number in numbers if number.isdigit()) or (0,)


def _claims(case: Case) -> ServiceCapabilities | None:
    """What the device says that it can do, where it was asked and answered."""
    claims = case.device.capabilities if case.device is not None else None
    return claims if isinstance(claims, ServiceCapabilities) else None


def _login(finding: Finding, case: Case) -> Remedy:
    """Which log-ins are taken is mostly a menu's choice; firmware only where the device says that it has no
    Digest."""
    schemes = finding.observed if isinstance(finding.observed, tuple) else ()
    claims = _claims(case)
    if claims is not None and claims.http_digest is False:
        return Remedy(Action.UPDATE_FIRMWARE, (step("firmware_for_digest"),))
    if (claims is not None and claims.http_digest) or (schemes and USERNAME_TOKEN not in schemes):
        return Remedy(Action.RECONFIGURE, (step("set_digest"),))
    return Remedy(Action.INVESTIGATE, (step("digest_unread"),))


def _firmware(finding: Finding, case: Case, *, name: str) -> Remedy:
    newer = newer_firmware(case.camera, case.ground)
    named = (step("firmware_named", version=newer),) if newer is not None else ()
    return Remedy(Action.UPDATE_FIRMWARE, (step(name), *named))


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
