"""How an interview begins: find the door, read the clock, list the services, and ask without a log-in.

Everything here is asked without credentials, unless the device wants a log-in even for its clock or its
service list.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

from camagent.interrogate.auth import device_time
from camagent.interrogate.conversation import Conversation
from camagent.interrogate.device_replies import clock_facts
from camagent.interrogate.envelopes import (
    GET_CAPABILITIES,
    GET_CLOCK,
    GET_DEVICE_CAPABILITIES,
    GET_INFORMATION,
    GET_MEDIA1_CAPABILITIES,
    GET_MEDIA2_CAPABILITIES,
    GET_SERVICES,
    GET_USERS,
    get_stream_uri,
)
from camagent.interrogate.media_interview import MediaDoor, media_doors
from camagent.interrogate.service_urls import candidate_urls, other_paths, pin_services, service_url
from camagent.model.device import (
    AnonymousAccess,
    DeviceClock,
    DeviceInformation,
    DeviceTarget,
    Service,
    ServiceCapabilities,
)
from camagent.model.fault import Fault, FaultCode, Stage
from camagent.model.onvif import MEDIA1_NS, MEDIA2_NS

# URLs tried to find the device service: the ladder, and other paths where there is a web server
MAX_DOORS = 26
AT_ONCE_S = 1.0  # less than any wait for a SYN
NO_INFORMATION = DeviceInformation(None, None, None, None)
SET_S = 2.0  # twice the resolution of the clock that devices show: more is no rounding
# A transport fault that says: nothing more will come from this device in this run.
NOBODY = (
    FaultCode.UNREACHABLE,
    FaultCode.REFUSED,
    FaultCode.TIMEOUT,
    FaultCode.TLS_FAILED,
    FaultCode.BUDGET_SPENT,
)
ANSWERED_WRONGLY = (FaultCode.NOT_FOUND, FaultCode.NOT_ONVIF, FaultCode.MALFORMED_REPLY)
NOT_HERE = (
    *NOBODY,
    FaultCode.NOT_ONVIF,
    FaultCode.NOT_FOUND,
    FaultCode.MALFORMED_REPLY,
    FaultCode.REFUSED_BY_POLICY,
)


async def find_device(
    conversation: Conversation, target: DeviceTarget, ports: Sequence[int]
) -> tuple[str, DeviceClock | Fault]:
    """The first address that answers as ONVIF does, and its clock; else the fault that says most.

    Where one answers, it is the conversation's `home`; its clock may be a Fault all the same.
    """
    faults: list[tuple[str, Fault]] = []
    waiting = dict.fromkeys(candidate_urls(target, ports))
    for url in _growing(waiting):
        clock = await fetch_clock(conversation, url, logged_in=False)
        if isinstance(clock, DeviceClock) or clock.code not in NOT_HERE:
            return _at_home(conversation, url), clock
        if clock.code in ANSWERED_WRONGLY and await _knows_its_services(conversation, url):
            return _at_home(conversation, url), clock
        faults.append((conversation.final_url(url), clock))
        if conversation.is_gone or clock.code is FaultCode.BUDGET_SPENT or _is_certain(clock):
            break  # nobody has the address: other ports of it answer no better
        if clock.code is FaultCode.NOT_FOUND and len(waiting) < MAX_DOORS:
            waiting |= dict.fromkeys(other_paths(conversation.final_url(url)))
    mute = next((pair for pair in faults if pair[1].code is FaultCode.TIMEOUT), None)
    if mute is not None and await _knows_its_services(conversation, mute[0]):
        return _at_home(conversation, mute[0]), mute[1]
    return min(faults, key=lambda pair: _weight(pair[1]))


def _at_home(conversation: Conversation, url: str) -> str:
    """The URL as the conversation's home, whose clock our tokens follow."""
    conversation.home = home = conversation.final_url(url)
    conversation.reread_clock = partial(was_clock_set, conversation, home)
    return home


async def _knows_its_services(conversation: Conversation, url: str) -> bool:
    """Something answered the question for the time wrongly or not at all: does it know the one for its
    services?

    The time is one question among others: some devices answer it with 404, a page or nothing (agsh/onvif
    PR#65). Of doors that take a connection and say nothing one is asked, after all others.
    """
    if conversation.is_gone:
        return False
    outcome = await conversation.ask_openly(GET_SERVICES, conversation.final_url(url))
    return not isinstance(outcome, Fault) or outcome.code not in NOT_HERE


def _growing(waiting: dict[str, None]) -> Iterator[str]:
    """Each key once, also those that are added on the way."""
    done: set[str] = set()
    while fresh := [url for url in waiting if url not in done]:
        done.add(fresh[0])
        yield fresh[0]


def _is_certain(fault: Fault) -> bool:
    """The network said at once that nobody can be reached; a SYN without an answer may be one filtered
    port."""
    return fault.code is FaultCode.UNREACHABLE and fault.elapsed_s < AT_ONCE_S


async def fetch_clock(conversation: Conversation, url: str, logged_in: bool) -> DeviceClock | Fault:
    """GetSystemDateAndTime held against our clock; it also becomes the time of our tokens."""
    if logged_in:
        outcome = await conversation.ask(GET_CLOCK, url)
    else:
        outcome = await conversation.ask_openly(GET_CLOCK, url, again=True)
    if isinstance(outcome, Fault):
        return outcome
    trip_s = conversation.last_round_trip_s
    middle = conversation.clock.now() - timedelta(seconds=trip_s / 2)
    facts = clock_facts(outcome, middle, trip_s, anonymous=not logged_in)
    read_at_s = conversation.clock.monotonic_s()
    conversation.evidence = replace(conversation.evidence, clock=facts, clock_read_at_s=read_at_s)
    return facts


async def was_clock_set(conversation: Conversation, url: str) -> bool:
    """Read the clock again for our tokens; True where it does not show what it should by now."""
    before = conversation.evidence
    await fetch_clock(conversation, url, logged_in=False)
    now_s = conversation.clock.monotonic_s()
    expected, shown = device_time(before, now_s), device_time(conversation.evidence, now_s)
    return expected is not None and shown is not None and abs((shown - expected).total_seconds()) > SET_S


async def fetch_services(
    conversation: Conversation, url: str, logged_in: bool
) -> tuple[Service, ...] | Fault:
    """GetServices, or GetCapabilities where it is missing."""
    ask = conversation.ask if logged_in else conversation.ask_openly
    outcome = await ask(GET_SERVICES, url)
    if not isinstance(outcome, Fault):
        services = pin_services(outcome, url)
        if services:
            return services
    older = await ask(GET_CAPABILITIES, url)
    if isinstance(older, Fault):
        return older if not isinstance(outcome, Fault) or older.code is FaultCode.BUDGET_SPENT else outcome
    services = pin_services(older, url)
    malformed = Fault(FaultCode.MALFORMED_REPLY, Stage.INTERROGATE, "GetCapabilities", 0.0)
    return services or malformed


async def fetch_capabilities(
    conversation: Conversation, url: str, services: Sequence[Service]
) -> ServiceCapabilities | Fault:
    """What the device says that it can do; the Fault of the device service, whose answer is the greater
    part."""
    outcome = await conversation.ask_openly(GET_DEVICE_CAPABILITIES, url)
    if isinstance(outcome, Fault):
        return outcome
    for namespace, question in ((MEDIA2_NS, GET_MEDIA2_CAPABILITIES), (MEDIA1_NS, GET_MEDIA1_CAPABILITIES)):
        media_url = service_url(services, namespace)
        if media_url is None:
            continue
        media = await conversation.ask_openly(question, media_url)
        if isinstance(media, Fault):
            return outcome
        return replace(outcome, secure_rtsp=media.secure_rtsp, source_modes=media.source_modes)
    return outcome


async def ask_as_stranger(
    conversation: Conversation, url: str, services: Sequence[Service]
) -> AnonymousAccess | Fault:
    """What must not be open, tried without credentials; the refusals also show which way to log in."""
    media = media_doors(services, url)[0 if services else -1]
    asked, answered = ["GetProfiles"], []
    outcome = await conversation.ask_openly(media.list_question, media.url)
    if not isinstance(outcome, Fault):
        tokens = [p.token for p in outcome.profiles]
        answered += ["GetProfiles"] if tokens else []
        if tokens:
            asked.append("GetStreamUri")
            answered += ["GetStreamUri"] if await _gives_stream(conversation, media, tokens[0]) else []
    asked.append("GetDeviceInformation")
    # also shows the way in where media does not
    information = await conversation.ask_openly(GET_INFORMATION, url)
    if not isinstance(information, Fault) and information != NO_INFORMATION:
        answered.append("GetDeviceInformation")
    asked.append("GetUsers")
    users = await conversation.ask_openly(GET_USERS, url)
    answered += ["GetUsers"] if users and not isinstance(users, Fault) else []
    if isinstance(outcome, Fault) and outcome.code in NOBODY and not answered:
        return outcome
    return AnonymousAccess(tuple(asked), tuple(answered))


async def _gives_stream(conversation: Conversation, media: MediaDoor, token: str) -> bool:
    outcome = await conversation.ask_openly(get_stream_uri(media.namespace, token), media.url)
    return outcome is not None and not isinstance(outcome, Fault)


def _weight(fault: Fault) -> int:
    """Lower says more: something that answered wrongly outweighs a closed port, which outweighs silence."""
    order = (
        FaultCode.REFUSED_BY_POLICY,
        FaultCode.TLS_FAILED,
        FaultCode.NOT_ONVIF,
        FaultCode.NOT_FOUND,
        FaultCode.MALFORMED_REPLY,
        FaultCode.TIMEOUT,
        FaultCode.REFUSED,
        FaultCode.UNREACHABLE,
    )
    return order.index(fault.code) if fault.code in order else len(order)
