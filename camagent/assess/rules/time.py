"""Rules about the camera's clock: its source, its offset and its zone. Pure."""

from __future__ import annotations

import re

from camagent.assess.judgement import Judgement, Reading, at_most, phrase, unknown
from camagent.assess.rule import About, Rule
from camagent.model.device import DeviceClock, NetworkFacts
from camagent.model.finding import Outcome
from camagent.model.onvif import NO_ADDRESS
from camagent.model.text import Message
from camagent.model.time_servers import by_name, outside

MINUTE_S = 60
HOUR_S = 3600
DAY_S = 86_400
POSIX_ZONE = re.compile(
    r"(?:<[^<>]{1,16}>|[A-Za-z]{1,16})([+-]?)(\d{1,2})(?::(\d{2}))?(?::\d{2})?(?:[A-Za-z<,].*)?\Z"
)
"""POSIX 1003.1: the sign is that of "what to add to local time to get UTC": CST-7 is UTC+7."""


def time_server(clock: DeviceClock, network: NetworkFacts | None) -> Judgement:
    """The camera takes its time from NTP, and has a server to take it from."""
    if clock.source is None:
        return unknown("time_source_unknown")
    if clock.source.upper() != "NTP":
        return Judgement(
            Outcome.FAIL,
            phrase("time_manual"),
            observed=False,
            configured=clock.source,
            remedy=phrase("time_remedy"),
        )
    if network is None or (network.ntp_servers is None and network.ntp_from_dhcp is None):
        return Judgement(Outcome.NOT_ASSESSED, phrase("time_server_unread"), configured=clock.source)
    servers = tuple(server for server in network.ntp_servers or () if server.strip() not in NO_ADDRESS)
    if servers:
        missing = _missing_way(servers, network)
        sentence = phrase(missing or "time_server", servers=", ".join(servers))
        outcome = Outcome.WARN if missing else Outcome.PASS
        remedy = phrase("time_way_remedy") if missing else None
        return Judgement(outcome, sentence, observed=True, configured=clock.source, remedy=remedy)
    if network.ntp_from_dhcp:  # DHCP may have named one, and may have named none
        return Judgement(Outcome.NOT_ASSESSED, phrase("time_server_by_dhcp"), configured=clock.source)
    return Judgement(
        Outcome.FAIL,
        phrase("time_server_none"),
        observed=False,
        configured=clock.source,
        remedy=phrase("time_remedy"),
    )


def _missing_way(servers: tuple[str, ...], network: NetworkFacts) -> str | None:
    """What a camera lacks to reach any of its time servers, by its own settings; None where nothing is
    plain."""
    if network.gateways == () and outside(servers, network.subnets) == servers:
        return "time_server_no_gateway"
    if network.dns_servers == () and network.dns_from_dhcp is False and by_name(servers) == servers:
        return "time_server_no_dns"
    return None


def clock_offset(
    clock: DeviceClock,
    *,
    maximum_s: float,
    recommended_s: float,
    resolution_s: float,
    zone_step_s: float,
    zone_tolerance_s: float,
    reset_from_s: float,
) -> Judgement:
    """The camera's UTC time is ours; a whole-hour offset is told as a time-zone fault, a huge one as a lost
    clock."""
    if clock.offset_s is None:
        return unknown("offset_unknown")
    off_s = clock.offset_s
    uncertainty_s = resolution_s + clock.round_trip_s / 2
    outcome = at_most(Reading(abs(off_s), uncertainty_s), maximum_s, maximum_s)
    if outcome is Outcome.PASS and abs(off_s) > recommended_s:
        outcome = Outcome.WARN
    hours = round(off_s / zone_step_s) * zone_step_s / HOUR_S
    name = {Outcome.NOT_ASSESSED: "offset_unclear", Outcome.WARN: "offset_small"}.get(outcome, "offset_good")
    if outcome is Outcome.FAIL:
        name = "offset_large" if abs(off_s) < 2 * MINUTE_S else "offset_minutes"
        if abs(off_s) >= reset_from_s:
            name = "offset_reset"
        elif hours and abs(off_s - hours * HOUR_S) <= zone_tolerance_s + uncertainty_s:
            name = "offset_zone"
    args = {"offset": off_s, "minutes": off_s / MINUTE_S, "hours": hours, "days": off_s / DAY_S}
    return Judgement(
        outcome,
        phrase(name, **args, maximum=maximum_s, uncertainty=uncertainty_s),
        observed=off_s,
        measured=off_s,
        uncertainty=uncertainty_s,
        remedy=_offset_remedy(name, clock) if outcome is Outcome.FAIL else None,
    )


def _offset_remedy(name: str, clock: DeviceClock) -> Message:
    if name == "offset_zone":
        return phrase("offset_zone_remedy")
    by_ntp = clock.source is not None and clock.source.upper() == "NTP"
    return phrase("time_remedy_ntp_on" if by_ntp else "time_remedy")


def time_zone(clock: DeviceClock, *, utc_offset_s: float) -> Judgement:
    """The camera shows local time of this zone, without daylight saving."""
    stated_s = _posix_offset_s(clock.time_zone)
    shown_s = clock.utc_offset_s
    if shown_s is None and stated_s is None:
        return unknown("zone_unknown", zone=clock.time_zone)
    if shown_s is None and stated_s == -utc_offset_s and utc_offset_s:
        return unknown("zone_sign", zone=clock.time_zone)  # many devices write the sign the wrong way round
    seen_s = stated_s if shown_s is None else shown_s
    if seen_s != utc_offset_s:
        outcome, name = Outcome.FAIL, "zone_wrong"
    elif clock.daylight_savings:
        outcome, name = Outcome.WARN, "zone_daylight_saving"
    else:
        outcome, name = Outcome.PASS, "zone_good"
    assert seen_s is not None
    return Judgement(
        outcome,
        phrase(name, hours=seen_s / HOUR_S, required=utc_offset_s / HOUR_S, zone=clock.time_zone),
        observed=seen_s,
        configured=clock.time_zone,
        measured=shown_s,
        remedy=phrase("zone_remedy") if outcome is Outcome.FAIL else None,
    )


def _posix_offset_s(zone: str | None) -> int | None:
    """Seconds east of UTC that a POSIX zone says; None where it cannot be read."""
    match = POSIX_ZONE.match(zone.strip()) if zone else None
    if match is None:
        return None
    west_s = int(match[2]) * HOUR_S + int(match[3] or 0) * 60
    return west_s if match[1] == "-" else -west_s


RULES = (
    Rule(time_server, About.CAMERA, yes_or_no=True),
    Rule(clock_offset, About.CAMERA, "maximum_s", "recommended_s"),
    Rule(time_zone, About.CAMERA, "utc_offset_s"),
)
