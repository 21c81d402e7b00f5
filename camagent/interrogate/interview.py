"""Ask one device everything that we want to know, in an order that harms nothing, and never raise for what it does.

Questions that need no log-in come first, without one; then what should be closed to strangers is tried as a stranger;
then we log in by the way that the answers pointed to. See docs/design/interrogation.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta

from camagent.clock import Clock
from camagent.interrogate.addresses import candidate_urls, pin_services, service_url
from camagent.interrogate.conversation import Conversation, Limits
from camagent.interrogate.device_replies import (
    IMAGING_NS,
    SEARCH_NS,
    clock_facts,
    parse_capabilities,
    parse_clock,
    parse_imaging,
    parse_information,
    parse_recording_summary,
    parse_scopes,
    parse_services,
    parse_users,
)
from camagent.interrogate.door import DeviceDoor, DoorMaker
from camagent.interrogate.envelopes import (
    GET_CAPABILITIES,
    GET_CLOCK,
    GET_INFORMATION,
    GET_RECORDING_SUMMARY,
    GET_SCOPES,
    GET_SERVICES,
    GET_USERS,
    get_imaging_settings,
    get_stream_uri,
)
from camagent.interrogate.media_interview import MediaDoor, fetch_media, media_doors
from camagent.interrogate.media_replies import parse_media1_profiles, parse_stream_address
from camagent.interrogate.network_interview import fetch_network
from camagent.interrogate.replies import Reply
from camagent.interrogate.surroundings import fetch_ports, fetch_tls, try_default_logins
from camagent.lockout import LoginLedger
from camagent.model.device import (
    AnonymousAccess,
    DeviceClock,
    DeviceFacts,
    DeviceInformation,
    DeviceTarget,
    DeviceUser,
    Login,
    MediaFacts,
    RecordingFacts,
    Service,
)
from camagent.model.fault import Fault, FaultCode, Stage
from camagent.model.secret import Credential
from camagent.transcript import Transcript

# A transport fault that says: nothing more will come from this device in this run.
_NOBODY = (FaultCode.UNREACHABLE, FaultCode.REFUSED, FaultCode.TIMEOUT, FaultCode.TLS_FAILED, FaultCode.BUDGET_SPENT)
_NOT_HERE = (*_NOBODY, FaultCode.NOT_ONVIF, FaultCode.NOT_FOUND, FaultCode.MALFORMED_REPLY, FaultCode.REFUSED_BY_POLICY)


@dataclass(frozen=True, slots=True)
class InterviewOptions:
    """What may be asked, and how hard."""

    budget_s: float = 30.0
    """For the whole device."""
    call_timeout_s: float = 5.0
    ports: tuple[int, ...] = (80, 8000, 8080, 8899, 2020, 443)
    """Tried in order where the target names none."""
    ask_users: bool = True
    check_ports: tuple[int, ...] = ()
    """TCP ports to knock at once each; empty: none."""
    default_logins: tuple[Credential, ...] = ()
    """Factory log-ins that the operator wants tried; two at most."""
    allow_tls_legacy: bool = True
    max_requests_per_s: float = 5.0
    """Simple cameras reboot above about eight (mrtian2016/onvifsim)."""
    pinned_fingerprint: str | None = None
    """The TLS certificate seen at this device before."""


def _network(target: DeviceTarget, allow_legacy: bool) -> DeviceDoor:
    from camagent.interrogate.soap import open_http  # aiohttp costs 100 ms to import; a replay does without it

    return open_http(target, allow_legacy)


@dataclass(frozen=True, slots=True)
class InterviewDoors:
    """What an interview needs of the world."""

    clock: Clock
    ledger: LoginLedger
    transcript: Transcript | None = None
    door: DoorMaker = field(default=_network)
    """The network, or a transcript (`replay.replay_door`)."""


async def interrogate(
    target: DeviceTarget, credential: Credential | None, options: InterviewOptions, doors: InterviewDoors
) -> DeviceFacts:
    """Everything that the device says of itself; every failure is a Fault in the place of what it prevented."""
    door = doors.door(target, options.allow_tls_legacy)
    conversation = Conversation(
        host=target.host,
        door=door,
        clock=doors.clock,
        ledger=doors.ledger,
        limits=Limits(
            deadline_s=doors.clock.monotonic_s() + options.budget_s,
            call_timeout_s=options.call_timeout_s,
            interval_s=1 / options.max_requests_per_s,
        ),
        credential=credential,
        transcript=doors.transcript,
    )
    if doors.transcript is not None:
        doors.transcript.target = target
        if credential is not None:
            doors.transcript.hide(credential)
    try:
        return await _Interview(target, options, conversation).run()
    finally:
        await door.close()


@dataclass
class _Interview:
    """The order of the questions; what they lead to stays in local values."""

    target: DeviceTarget
    options: InterviewOptions
    conversation: Conversation
    url: str = ""

    async def run(self) -> DeviceFacts:
        clock = await self._find_device()
        if isinstance(clock, Fault) and clock.code in _NOT_HERE:
            return self._absent(clock)
        services = await self._services(logged_in=False)
        anonymous = await self._knock_as_stranger(services)
        information = await self._information()
        if isinstance(services, Fault):
            services = await self._services(logged_in=True)
        if isinstance(clock, Fault) and clock.code is FaultCode.AUTH_REQUIRED:
            clock = await self._clock_logged_in()
        listed = () if isinstance(services, Fault) else services
        media = await fetch_media(self.conversation, media_doors(listed, self.url))
        network = await fetch_network(self.conversation, self.url)
        scopes = await self._scopes()
        users = await self._users()
        facts = DeviceFacts(
            target=self.target,
            address=self.target.host,
            service_url=self.url,
            clock=clock,
            services=services,
            information=information,
            media=media,
            network=network,
            scopes=scopes,
            users=users,
            anonymous=anonymous,
            login=Login(None, ()),
            imaging=await self._imaging(listed, media),
            recording=await self._recording(listed),
        )
        return await self._surroundings(facts)

    async def _find_device(self) -> DeviceClock | Fault:
        """The first address that answers as ONVIF does; else the fault that says most."""
        faults: list[tuple[str, Fault]] = []
        for url in candidate_urls(self.target, self.options.ports):
            clock = await self._clock(url)
            self.url = self.conversation.final_url(url)
            if isinstance(clock, DeviceClock) or clock.code not in _NOT_HERE:
                return clock
            faults.append((url, clock))
            if clock.code in (FaultCode.UNREACHABLE, FaultCode.BUDGET_SPENT):
                break  # nobody has the address: other ports of it answer no better
        self.url, fault = min(faults, key=lambda pair: _weight(pair[1]))
        return fault

    async def _clock(self, url: str) -> DeviceClock | Fault:
        outcome = await self.conversation.ask_openly(GET_CLOCK, url)
        return self._clock_facts(outcome, anonymous=True)

    async def _clock_logged_in(self) -> DeviceClock | Fault:
        return self._clock_facts(await self.conversation.ask(GET_CLOCK, self.url), anonymous=False)

    def _clock_facts(self, outcome: Reply | Fault, anonymous: bool) -> DeviceClock | Fault:
        if isinstance(outcome, Fault):
            return outcome
        trip_s = self.conversation.last_round_trip_s
        middle = self.conversation.clock.now() - timedelta(seconds=trip_s / 2)
        facts = clock_facts(parse_clock(outcome.node), middle, trip_s, anonymous)
        self.conversation.evidence = replace(self.conversation.evidence, clock=facts)
        return facts

    async def _services(self, logged_in: bool) -> tuple[Service, ...] | Fault:
        ask = self.conversation.ask if logged_in else self.conversation.ask_openly
        outcome = await ask(GET_SERVICES, self.url)
        if isinstance(outcome, Reply):
            services = pin_services(parse_services(outcome.node), self.url)
            if services:
                return services
        older = await ask(GET_CAPABILITIES, self.url)
        if isinstance(older, Fault):
            return older if isinstance(outcome, Reply) or older.code is FaultCode.BUDGET_SPENT else outcome
        services = pin_services(parse_capabilities(older.node), self.url)
        malformed = Fault(FaultCode.MALFORMED_REPLY, Stage.INTERROGATE, "GetCapabilities", 0.0)
        return services or malformed

    async def _knock_as_stranger(self, services: tuple[Service, ...] | Fault) -> AnonymousAccess | Fault:
        """What must not be open, tried without credentials; the refusals also show which way to log in."""
        await self.conversation.ask_openly(GET_INFORMATION, self.url)
        media = media_doors(() if isinstance(services, Fault) else services, self.url)[0]
        asked, answered = ["GetProfiles"], []
        outcome = await self.conversation.ask_openly(media.list_question, media.url)
        if isinstance(outcome, Reply):
            tokens = [p.token for p in parse_media1_profiles(outcome.node).profiles]
            answered += ["GetProfiles"] if tokens else []
            if tokens:
                asked.append("GetStreamUri")
                answered += ["GetStreamUri"] if await self._gives_stream(media, tokens[0]) else []
        if self.options.ask_users:
            asked.append("GetUsers")
            users = await self.conversation.ask_openly(GET_USERS, self.url)
            answered += ["GetUsers"] if isinstance(users, Reply) and parse_users(users.node) else []
        if isinstance(outcome, Fault) and outcome.code in _NOBODY and not answered:
            return outcome
        return AnonymousAccess(tuple(asked), tuple(answered))

    async def _gives_stream(self, media: MediaDoor, token: str) -> bool:
        outcome = await self.conversation.ask_openly(get_stream_uri(media.namespace, token), media.url)
        return isinstance(outcome, Reply) and parse_stream_address(outcome.node) is not None

    async def _information(self) -> DeviceInformation | Fault:
        outcome = await self.conversation.ask(GET_INFORMATION, self.url)
        return outcome if isinstance(outcome, Fault) else parse_information(outcome.node)

    async def _scopes(self) -> tuple[str, ...] | Fault:
        outcome = await self.conversation.ask(GET_SCOPES, self.url)
        return outcome if isinstance(outcome, Fault) else parse_scopes(outcome.node)

    async def _users(self) -> tuple[DeviceUser, ...] | Fault | None:
        if not self.options.ask_users or self.conversation.credential is None:
            return None
        outcome = await self.conversation.ask(GET_USERS, self.url)
        return outcome if isinstance(outcome, Fault) else parse_users(outcome.node)

    async def _imaging(
        self, services: tuple[Service, ...], media: MediaFacts | Fault
    ) -> tuple[tuple[str, str], ...] | None:
        url = service_url(services, IMAGING_NS)
        sources = [p.video_source for p in media.profiles if p.video_source] if isinstance(media, MediaFacts) else []
        if url is None or not sources:
            return None
        outcome = await self.conversation.ask(get_imaging_settings(sources[0]), url)
        return None if isinstance(outcome, Fault) else parse_imaging(outcome.node)

    async def _recording(self, services: tuple[Service, ...]) -> RecordingFacts | Fault | None:
        url = service_url(services, SEARCH_NS)
        if url is None:
            return None
        outcome = await self.conversation.ask(GET_RECORDING_SUMMARY, url)
        return outcome if isinstance(outcome, Fault) else parse_recording_summary(outcome.node)

    async def _surroundings(self, facts: DeviceFacts) -> DeviceFacts:
        """What is not a question: TLS, ports, factory log-ins; and the conversation's own record."""
        tls = await fetch_tls(self.conversation, facts, self.options.pinned_fingerprint)
        trial = await try_default_logins(self.conversation, self.url, self.options.default_logins)
        ports = await fetch_ports(self.conversation, self.options.check_ports)
        talk = self.conversation
        return replace(
            facts,
            tls=tls,
            ports=ports,
            default_login=trial,
            login=Login(talk.scheme, tuple(talk.offered)),
            recovered=tuple(dict.fromkeys(talk.recovered)),
            faults=tuple(talk.faults),
        )

    def _absent(self, fault: Fault) -> DeviceFacts:
        return DeviceFacts(
            target=self.target,
            address=self.target.host,
            service_url=self.url,
            clock=fault,
            services=fault,
            information=fault,
            media=fault,
            network=fault,
            scopes=fault,
            users=None,
            anonymous=None,
            login=Login(None, tuple(self.conversation.offered)),
            faults=(fault,),
        )


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
