"""Rules about reaching the camera. Two of them read faults, so that a dead camera fails. Pure."""

from __future__ import annotations

from datetime import datetime
from itertools import chain

from camagent.assess.judgement import Judgement, Reading, at_least, at_most, limited, phrase, unknown
from camagent.assess.rule import About, Rule
from camagent.model.device import DeviceFacts, Service
from camagent.model.fault import LOGIN_FAULTS, NOT_HEARD, Fault, FaultCode, kind_of_silence
from camagent.model.finding import Outcome
from camagent.model.onvif import CAPABILITY_NAMESPACES, PROFILE_SERVICES, claimed_profiles
from camagent.model.rtp_numbers import UNSUPPORTED_TRANSPORT
from camagent.model.scan_result import History, SiteFacts
from camagent.model.stream import MeasuredStream, ProfileTarget, StreamFacts
from camagent.model.text import Message

NOT_THE_CAMERAS = frozenset(
    {
        *LOGIN_FAULTS,
        FaultCode.TLS_FAILED,
        FaultCode.BUSY,
        FaultCode.CODEC_UNSUPPORTED,
        FaultCode.DECODE_FAILED,
        FaultCode.BUDGET_SPENT,
        FaultCode.STOPPED,
        FaultCode.DEFECT,
        FaultCode.REFUSED_BY_POLICY,
    }
)
"""Something lives there and we did not get in, or we stopped ourselves: that is not known, and no failure."""


def device_answers(device: DeviceFacts | Fault, site: SiteFacts, present_at: datetime | None) -> Judgement:
    """The device answers ONVIF: silence, a closed port, another protocol fail; a login that we lack does
    not.

    A clock alone is no answer: who cannot list its services, itself or its streams cannot be managed.
    """
    if isinstance(device, Fault):
        return _not_reached("device", device, site, present_at)
    asked = (device.services, device.information, device.media)
    if any(not isinstance(section, Fault) for section in asked):
        return Judgement(Outcome.PASS, phrase("device_answers"), observed=True)
    faults = [section for section in (device.clock, *asked) if isinstance(section, Fault)]
    return _not_reached("device", next((f for f in faults if f.code in NOT_THE_CAMERAS), faults[0]), site)


def _not_reached(what: str, fault: Fault, site: SiteFacts, present_at: datetime | None = None) -> Judgement:
    if site.fell_silent and fault.code in NOT_HEARD:
        return unknown("silent_together")
    message = phrase(f"fault_{fault.code}", doing=fault.doing)
    if fault.code in NOT_THE_CAMERAS:
        return Judgement(Outcome.NOT_ASSESSED, message)
    if present_at is not None and fault.code in ABSENT:
        message = Message("findings.was_present", (("at", present_at), ("reason", message)))
    remedy = phrase(f"{what}_{kind_of_silence(fault)}_remedy")
    return Judgement(Outcome.FAIL, message, observed=False, remedy=remedy)


ABSENT = frozenset({FaultCode.UNREACHABLE, FaultCode.REFUSED, FaultCode.TIMEOUT, FaultCode.NO_MEDIA_PROFILE})
"""The camera, or this source of it, is not there now: when it last was tells where to look."""


def stream_plays(
    stream: StreamFacts | Fault,
    site: SiteFacts,
    present_at: datetime | None,
    *,
    tcp_required: bool,
    maximum_s: float,
    recommended_s: float,
) -> Judgement:
    """The main stream plays over RTSP/TCP and begins soon; a late keyframe of a long GOP only warns."""
    fault = stream if isinstance(stream, Fault) else stream.fault
    if fault is not None:
        # of a stream that was never asked, or that nobody could name, nothing is known
        is_asked = isinstance(stream, Fault) or not isinstance(stream.target, ProfileTarget)
        is_named = fault.doing != "GetProfiles" or fault.code is FaultCode.NO_MEDIA_PROFILE
        if is_asked and is_named:
            return _not_reached("stream", fault, site, present_at)
        return unknown(f"fault_{fault.code}", doing=fault.doing)
    assert isinstance(stream, StreamFacts) and isinstance(stream.measured, MeasuredStream)
    if stream.measured.transport == "udp" and tcp_required:
        if any(f.status == UNSUPPORTED_TRANSPORT for f in stream.faults):
            return Judgement(Outcome.FAIL, phrase("stream_udp_only"), observed=False)
        return unknown("stream_tcp_untried")
    return _start(stream.measured, maximum_s, recommended_s)


def _start(measured: MeasuredStream, maximum_s: float, recommended_s: float) -> Judgement:
    """How soon packets and the first whole picture came."""
    connect_s = measured.connect_s or 0.0
    first_packet_s = _sum(connect_s, measured.time_to_first_packet_s)
    first_picture_s = _sum(connect_s, measured.time_to_first_keyframe_s)
    if first_packet_s is None:
        return unknown("stream_start_unknown")
    if first_packet_s > maximum_s:
        outcome, name = Outcome.FAIL, "stream_late"
    elif first_picture_s is None:
        outcome, name = Outcome.WARN, "stream_no_keyframe"
    else:
        prompt = first_picture_s <= recommended_s
        outcome, name = (Outcome.PASS, "stream_plays") if prompt else (Outcome.WARN, "stream_slow")
    if measured.limits and outcome is not Outcome.PASS:
        return limited(measured.limits)  # the wait may have been ours, or the line's
    shown_s = first_packet_s if first_picture_s is None or name == "stream_late" else first_picture_s
    return Judgement(
        outcome,
        phrase(name, seconds=shown_s, maximum=maximum_s, recommended=recommended_s, window=measured.window_s),
        observed=shown_s,
        measured=shown_s,
    )


def _sum(connect_s: float, wait_s: float | None) -> float | None:
    return None if wait_s is None else connect_s + wait_s


def packet_loss(
    measured: MeasuredStream, *, maximum_ratio: float, recommended_ratio: float, minimum_packets: int
) -> Judgement:
    """Of the RTP packets that were sent, nearly all arrive."""
    if not measured.packets_numbered:
        return unknown("packets_unnumbered")
    packets = measured.rtp_packets + measured.rtp_lost_packets
    if packets < minimum_packets:
        return unknown("packets_few", packets=packets)
    ratio = measured.lost_ratio or 0.0
    outcome = at_most(Reading(ratio), maximum_ratio, recommended_ratio)
    name = {Outcome.FAIL: "loss_high", Outcome.WARN: "loss_some"}.get(outcome, "loss_none")
    return Judgement(
        outcome,
        phrase(
            name,
            lost=measured.rtp_lost_packets,
            packets=packets,
            percent=round(100 * ratio, 2),
            limit=round(100 * maximum_ratio, 2),
            recommended=round(100 * recommended_ratio, 2),
        ),
        observed=ratio,
        measured=ratio,
        remedy=phrase("loss_remedy") if outcome is Outcome.FAIL else None,
    )


def onvif_conformance(
    scopes: tuple[str, ...],
    services: tuple[Service, ...] | None,
    device: DeviceFacts,
    *,
    minimum: tuple[str, ...],
    recommended: tuple[str, ...],
    extra: tuple[str, ...],
) -> Judgement:
    """The device claims one of these ONVIF profiles; a claim without the profile's services does not
    count."""
    claimed = claimed_profiles(scopes)
    lacking = _lacking(claimed, services)
    proven = set(claimed) - set(lacking)
    if proven & set(recommended):
        if "T" in proven & set(recommended) and services is None:
            return unknown("absent_services")
        whole = set(extra) <= proven
        outcome, name = Outcome.PASS, "conformance_good" if whole else "conformance_no_extra"
    elif proven & set(minimum):
        outcome, name = Outcome.WARN, "conformance_enough"
    else:
        outcome, name = Outcome.FAIL, "conformance_none"
    args = {"claimed": ", ".join(claimed) or "–", "recommended": ", ".join(recommended)}
    unknown_calls = ", ".join(_unknown_calls(device))
    if outcome is Outcome.PASS:  # a claim that nobody asks for any more is not worth a word
        lacking = {letter: names for letter, names in lacking.items() if letter in (*recommended, *extra)}
    if lacking:
        missing = dict.fromkeys(chain.from_iterable(lacking.values()))
        sentence = phrase(
            "conformance_unproven", missing=", ".join(missing), profiles=", ".join(lacking), **args
        )
    elif proven and unknown_calls:
        outcome = Outcome.FAIL if outcome is Outcome.FAIL else Outcome.WARN
        sentence = phrase("conformance_calls", calls=unknown_calls, **args)
    else:
        sentence = phrase(name, extra=", ".join(extra), **args)
    return Judgement(outcome, sentence, observed=claimed, configured=claimed)


def _lacking(claimed: tuple[str, ...], services: tuple[Service, ...] | None) -> dict[str, tuple[str, ...]]:
    """Claimed profile -> those of its services that the device does not list; none while no list was read."""
    if services is None:
        return {}
    listed = {service.namespace.lower() for service in services}
    lacking = {
        letter: tuple(name for name in PROFILE_SERVICES.get(letter, ()) if _namespace(name) not in listed)
        for letter in claimed
    }
    return {letter: names for letter, names in lacking.items() if names}


def _namespace(name: str) -> str:
    return CAPABILITY_NAMESPACES[name].lower()


def _unknown_calls(device: DeviceFacts) -> list[str]:
    """Calls that every ONVIF profile asks for and that the device said it does not know, however asked."""
    network = device.network
    unanswered = {
        "GetDeviceInformation": isinstance(device.information, Fault),
        "GetNetworkProtocols": network is None or isinstance(network, Fault) or network.protocols is None,
        "GetUsers": isinstance(device.users, Fault),
    }
    refused = {fault.doing for fault in device.faults if fault.code is FaultCode.UNSUPPORTED}
    return [call for call, missing in unanswered.items() if missing and call in refused]


def availability(
    history: History, *, minimum_ratio: float, recommended_ratio: float, minimum_probes: int
) -> Judgement:
    """Of the agent's checks in the last 30 days, nearly all were answered."""
    if history.probes < minimum_probes:
        return unknown("probes_few", probes=history.probes, minimum=minimum_probes)
    ratio = history.answered / history.probes
    outcome = at_least(Reading(ratio), minimum_ratio, recommended_ratio)
    name = {Outcome.FAIL: "available_rarely", Outcome.WARN: "available_mostly"}.get(outcome, "available")
    return Judgement(
        outcome,
        phrase(
            name,
            percent=round(100 * ratio, 2),
            answered=history.answered,
            probes=history.probes,
            minimum=round(100 * minimum_ratio, 2),
            recommended=round(100 * recommended_ratio, 2),
        ),
        observed=ratio,
        measured=ratio,
    )


RULES = (
    Rule(device_answers, About.CAMERA, yes_or_no=True),
    Rule(stream_plays, About.MAIN_STREAM, "maximum_s", "recommended_s"),
    Rule(packet_loss, About.MAIN_STREAM, "maximum_ratio", "recommended_ratio", believes_rates=True),
    Rule(onvif_conformance, About.CAMERA, "minimum", "recommended"),
    Rule(availability, About.CAMERA, "minimum_ratio", "recommended_ratio"),
)
