"""Ask one device everything that we want to know, in an order that harms nothing, and never raise for what it
does.

Questions that need no log-in come first, without one; then what should be closed to strangers is tried as a
stranger; then we log in by the way that the answers pointed to. See docs/design/interrogation.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from camagent.interrogate.conversation import Conversation
from camagent.interrogate.device_link import DeviceDoor, DoorMaker
from camagent.interrogate.envelopes import (
    GET_INFORMATION,
    GET_SCOPES,
    GET_USERS,
)
from camagent.interrogate.exposure import fetch_ports, fetch_tls, https_port, try_default_logins
from camagent.interrogate.find_device import (
    ask_as_stranger,
    fetch_capabilities,
    fetch_clock,
    fetch_services,
    find_device,
)
from camagent.interrogate.media_interview import fetch_media, media_doors
from camagent.interrogate.network_interview import fetch_network
from camagent.interrogate.question_line import Limits
from camagent.interrogate.recording_interview import fetch_recording
from camagent.interrogate.service_urls import service_url
from camagent.interrogate.snapshot import try_snapshot
from camagent.model.clock import Clock
from camagent.model.device import (
    DeviceClock,
    DeviceFacts,
    DeviceInformation,
    DeviceTarget,
    DeviceUser,
    Login,
    Service,
    SignsBefore,
    TlsFacts,
)
from camagent.model.fault import Fault, FaultCode
from camagent.model.login_strength import Strength
from camagent.model.onvif import ONVIF_PORTS, SEARCH_NS
from camagent.model.recordings import RecordingFacts
from camagent.model.secret import Credential
from camagent.wire.login_ledger import LoginLedger
from camagent.wire.transcript import Transcript

CREDENTIAL_GIVEN = ("camagent", "credential", "", "given", 0.0)
"""The note by which a replay knows that there was one: an open device shows no sign of it."""


@dataclass(frozen=True, slots=True)
class InterviewOptions:
    """What may be asked, and how hard."""

    budget_s: float = 30.0
    """For the whole device."""
    call_timeout_s: float = 5.0
    ports: tuple[int, ...] = ONVIF_PORTS
    """Tried in order where the target names none."""
    check_ports: tuple[int, ...] = ()
    """TCP ports to try once each; empty: none."""
    default_logins: tuple[Credential, ...] = ()
    """Factory log-ins that the operator wants tried; two at most."""
    try_snapshot: bool = False
    """Ask for the main snapshot once without a log-in; it has rebooted weak cameras, hence only on order."""
    max_requests_per_s: float = 5.0
    """Simple cameras reboot above about eight (mrtian2016/onvifsim)."""
    is_brisk: bool = False
    """Somebody waits for this device: while it answers quickly it is asked as fast as it answers."""
    before: SignsBefore = SignsBefore()
    """What the device must show again before it is given a log-in."""
    pins: tuple[tuple[int, str], ...] = ()
    """Port and certificate fingerprint that this device showed before."""


@dataclass(frozen=True, slots=True)
class WayIn:
    """How one device is spoken to."""

    service_url: str
    services: tuple[Service, ...]
    clock_offset_s: float | None
    scheme: str | None
    """As in `Login.scheme`; None: nothing asked for the log-in, and none is sent."""
    strength: Strength | None = None
    """Of that log-in: a weaker one is not sent afterwards either."""


def _network() -> DeviceDoor:
    from camagent.interrogate.soap import SoapDoor  # slow to import; a replay does without it

    return SoapDoor()


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
    """Everything that the device says of itself; every failure is a Fault in the place of what it
    prevented."""
    conversation = _open_conversation(target, credential, options, doors)
    try:
        return await _Interview(target, options, conversation).run()
    finally:
        await conversation.door.close()


async def find_way_in(
    target: DeviceTarget, credential: Credential | None, options: InterviewOptions, doors: InterviewDoors
) -> WayIn | Fault:
    """Only the beginning of an interview: where the services are and how to log in."""
    conversation = _open_conversation(target, credential, options, doors)
    try:
        return await _Interview(target, options, conversation).begin()
    finally:
        await conversation.door.close()


def _open_conversation(
    target: DeviceTarget, credential: Credential | None, options: InterviewOptions, doors: InterviewDoors
) -> Conversation:
    if doors.transcript is not None:
        doors.transcript.target = target
        if credential is not None:
            doors.transcript.hide(credential)
            doors.transcript.note(*CREDENTIAL_GIVEN)
    return Conversation(
        host=target.host,
        door=doors.door(),
        clock=doors.clock,
        ledger=doors.ledger,
        limits=Limits(
            deadline_s=doors.clock.monotonic_s() + options.budget_s,
            call_timeout_s=options.call_timeout_s,
            interval_s=1 / options.max_requests_per_s,
            is_brisk=options.is_brisk,
        ),
        credential=credential,
        transcript=doors.transcript,
    )


@dataclass
class _Interview:
    """The order of the questions; what they lead to stays in local values."""

    target: DeviceTarget
    options: InterviewOptions
    conversation: Conversation
    url: str = ""

    async def run(self) -> DeviceFacts:
        self.url, clock = await find_device(self.conversation, self.target, self.options.ports)
        if self.conversation.home is None and isinstance(clock, Fault):
            return self._absent(clock)
        tls = await self._own_tls()
        self._stop_for_a_stranger(self._other_certificate(tls))
        services = await fetch_services(self.conversation, self.url, logged_in=False)
        listed = () if isinstance(services, Fault) else services
        capabilities = await fetch_capabilities(self.conversation, self.url, listed)
        anonymous = await ask_as_stranger(self.conversation, self.url, listed)
        self._stop_for_a_stranger(self._other_serial())
        information = None
        if isinstance(services, Fault):  # that even this is refused must not be what the log-in is judged by
            information = await self._information()
            services = await fetch_services(self.conversation, self.url, logged_in=True)
        listed = () if isinstance(services, Fault) else services
        media = await fetch_media(self.conversation, media_doors(listed, self.url), capabilities)
        if isinstance(clock, Fault) and clock.code is FaultCode.AUTH_REQUIRED:
            clock = await fetch_clock(self.conversation, self.url, logged_in=True)
        facts = DeviceFacts(
            target=self.target,
            address=self.target.host,
            service_url=self.url,
            clock=clock,
            services=services,
            information=information or await self._information(),
            media=media,
            network=await fetch_network(self.conversation, self.url),
            scopes=await self._scopes(),
            users=await self._users(),
            anonymous=anonymous,
            capabilities=capabilities,
            login=Login(None, ()),
            recording=await self._recording(listed),
            tls=tls,
        )
        return await self._beside_media(facts)

    async def begin(self) -> WayIn | Fault:
        """The questions that lead to a way in, and no others."""
        self.url, clock = await find_device(self.conversation, self.target, self.options.ports)
        if self.conversation.home is None and isinstance(clock, Fault):
            return clock
        await self._own_tls()
        services = await fetch_services(self.conversation, self.url, logged_in=False)
        for proof in (self._information, self._users):  # the first may be open to all
            answer = await proof()
            if isinstance(answer, Fault) and self.conversation.stopped is not None:
                return answer
            if self.conversation.proven:
                break
        if isinstance(services, Fault):
            services = await fetch_services(self.conversation, self.url, logged_in=True)
        offset_s = clock.offset_s if isinstance(clock, DeviceClock) else None
        listed = () if isinstance(services, Fault) else services
        talk = self.conversation
        return WayIn(self.url, listed, offset_s, talk.scheme, talk.strength if talk.proven else None)

    async def _own_tls(self) -> TlsFacts | Fault | None:
        """The certificate of the connection that we use, before any log-in: Basic goes to one of earlier runs
        only."""
        before = self.options.before.certificate
        port = https_port(self.url, None) or (before[0] if before is not None else None)
        certificate = await fetch_tls(self.conversation, port, self.options.pins)
        if https_port(self.url, None) is None:
            return certificate if isinstance(certificate, TlsFacts) else None
        is_pinned = (
            isinstance(certificate, TlsFacts)
            and certificate.pinned_fingerprint == certificate.fingerprint_sha256
        )
        pinned_port = port if is_pinned else None
        self.conversation.evidence = replace(self.conversation.evidence, pinned_port=pinned_port)
        return certificate

    def _other_certificate(self, certificate: TlsFacts | Fault | None) -> bool:
        before = self.options.before.certificate
        if before is None or not isinstance(certificate, TlsFacts) or certificate.port != before[0]:
            return False
        return certificate.fingerprint_sha256 != before[1]

    def _other_serial(self) -> bool:
        """It told a stranger a serial number, and that is another one."""
        public, before = self.conversation.told_openly(GET_INFORMATION, self.url), self.options.before.serial
        serial = "".join((public.serial or "").split()).upper() if public is not None else ""
        return bool(serial) and before is not None and not serial.startswith(before)

    def _stop_for_a_stranger(self, is_another: bool) -> None:
        """No log-in from here on, and why is among the faults."""
        if is_another and self.conversation.stopped is None:
            self.conversation.stopped = FaultCode.AUTH_STRANGER

    async def _information(self) -> DeviceInformation | Fault:
        return await self.conversation.ask(GET_INFORMATION, self.url)

    async def _scopes(self) -> tuple[str, ...] | Fault:
        return await self.conversation.ask(GET_SCOPES, self.url)

    async def _users(self) -> tuple[DeviceUser, ...] | Fault | None:
        if self.conversation.credential is None:
            return None
        return await self.conversation.ask(GET_USERS, self.url)

    async def _recording(self, services: tuple[Service, ...]) -> RecordingFacts | Fault | None:
        url = service_url(services, SEARCH_NS)
        if url is None:
            return None
        return await fetch_recording(self.conversation, url)

    async def _beside_media(self, facts: DeviceFacts) -> DeviceFacts:
        """What is not a question: TLS, ports, factory log-ins; and the conversation's own record."""
        tls = facts.tls
        if tls is None:
            stated = https_port(self.url, facts.network)
            tls = await fetch_tls(self.conversation, stated, self.options.pins)
        snapshot = None
        if self.options.try_snapshot:
            listed = () if isinstance(facts.services, Fault) else facts.services
            snapshot = await try_snapshot(self.conversation, media_doors(listed, self.url), facts.media)
        trial = await try_default_logins(self.conversation, self.url, self.options.default_logins)
        ports = await fetch_ports(self.conversation, self.options.check_ports)
        talk = self.conversation
        return replace(
            facts,
            tls=tls,
            ports=ports,
            default_login=trial,
            snapshot=snapshot,
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
