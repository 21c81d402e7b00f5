"""One RTSP session from DESCRIBE to TEARDOWN: what is asked in which order. No sockets of its own."""

from __future__ import annotations

from dataclasses import dataclass

from camagent.model.fault import Fault, FaultCode, Stage
from camagent.model.stream import StreamAccess
from camagent.model.uri import StreamUri
from camagent.observe.capture import TrackDescription
from camagent.observe.rtsp.client import RtspClient
from camagent.observe.rtsp.messages import MAX_SERVER_CHARS, Response, public_methods, session_of
from camagent.observe.rtsp.request_urls import TrackWay, sent_on, ways
from camagent.observe.rtsp.transport import GrantedTransport, Interleaved, PortPair, parse_transport
from camagent.observe.sdp import MediaDescription, MediaFormat, SessionDescription, parse_sdp
from camagent.wire.redaction import without

DEFAULT_SESSION_S = 60.0  # RFC 2326 §12.37
MIN_KEEP_ALIVE_S = 1.0  # whatever a server claims, it is not asked more often than this
AGGREGATE_NOT_ALLOWED = 459
NO_RANGE = 457  # rtp2httpd#323
MAX_ALTERNATIVES = 8  # of one Transport header, where one is right
NOTHING_THERE = (400, 404, 451, 454)  # of SETUP: another way to write the address may lead to the track
ODD_REQUEST = frozenset((FaultCode.RTSP_ERROR, FaultCode.NOT_FOUND))
"""Refusals with a status that another way to write the request may mend; not those of who we are, or for
now."""
NO_ANSWER = frozenset((FaultCode.TIMEOUT, FaultCode.UNREACHABLE))
OPTIONS_SHARE = 0.5  # of the time for a reply: nothing depends on this one, and some never answer it


@dataclass(frozen=True, slots=True)
class DescribeReply:
    """What DESCRIBE yielded: the track that we shall watch and the addresses to ask for it."""

    media: MediaDescription
    format: MediaFormat
    ways: tuple[TrackWay, ...]
    """How the track may be asked for, one at least."""

    @property
    def wants_srtp(self) -> bool:
        """The description offers encrypted packets only."""
        return "SAVP" in self.media.protocol

    @property
    def track(self) -> TrackDescription:
        """The part that a capture keeps."""
        return TrackDescription(
            codec=self.format.codec or self.format.encoding.lower(),
            encoding=self.format.encoding,
            clock_hz=self.format.clock_hz,
            parameter_sets=self.format.parameter_sets(),
            frame_rate_hz=self.media.frame_rate_hz,
            width_px=self.media.width_px,
            height_px=self.media.height_px,
            donl=(self.format.parameter("sprop-max-don-diff") or "0").strip("0 ") != "",
        )


class RtspSession:
    """The conversation about one stream."""

    def __init__(self, client: RtspClient, uri: StreamUri, *, asks_options: bool = True) -> None:
        self.client = client
        self.uri = uri
        self.asks_options = asks_options
        self.hung_up_at_options = False
        self.connected_s = client.clock.monotonic_s()
        """When connecting began, as far as the caller says so."""
        self.timeout_s = DEFAULT_SESSION_S
        self.anonymous: bool | None = None
        self.server: str | None = None
        self.unanswered: Fault | None = None
        """TEARDOWN went out, and nobody said anything to it."""
        self._methods: frozenset[str] = frozenset()
        self._way: TrackWay | None = None
        """Under which addresses the server has set up the track."""
        self._control_uri: str | None = None
        """What TEARDOWN and keep-alive name; None before SETUP."""

    def access(self) -> StreamAccess:
        """How the door behaved so far."""
        return StreamAccess(
            anonymous=self.anonymous,
            offered=self.client.login.offered,
            used=self.client.login.used,
            encrypted=self.client.connection.encrypted,
            server=self.server,
            tls_fingerprint_sha256=self.client.connection.tls_fingerprint,
        )

    async def describe(self) -> DescribeReply | Fault:
        """OPTIONS, then DESCRIBE: first as anybody, then logged in where that is asked for."""
        client, uri = self.client, str(self.uri)
        refused = await self._ask_options(uri) if self.asks_options else None
        if refused is not None:
            return refused
        answer = await client.ask("DESCRIBE", uri, [("Accept", "application/sdp")])
        self.anonymous = client.login.used is None if isinstance(answer, Response) else self._was_challenged()
        if isinstance(answer, Fault):
            return answer
        self._note_server(answer)
        description = parse_sdp(answer.body)
        if description is None:
            return self._fault(FaultCode.MALFORMED_REPLY, "DESCRIBE")
        return self._choose(answer, description)

    async def _ask_options(self, uri: str) -> Fault | None:
        answer = await self.client.ask_once("OPTIONS", uri, OPTIONS_SHARE * self.client.limits.reply_s)
        if isinstance(answer, Response):
            self._methods = public_methods(answer)
            self._note_server(answer)
            return None
        self.hung_up_at_options = answer.code is FaultCode.RTSP_ERROR
        return None if answer.code is FaultCode.TIMEOUT else answer

    async def set_up(
        self, described: DescribeReply, transport: Interleaved | PortPair
    ) -> GrantedTransport | Fault:
        """Ask for the video track only: audio and metadata cost the camera and tell us nothing."""
        asked = [("Transport", transport.header())]
        answer: Response | Fault = self._fault(FaultCode.MALFORMED_REPLY, "DESCRIBE")
        for way in described.ways:
            self._way = way
            answer = await self.client.ask("SETUP", way.track_uri, asked)
            if not isinstance(answer, Fault) or answer.status not in NOTHING_THERE:
                break
        if isinstance(answer, Fault):
            return answer
        # first of all what there is to tear down
        self._control_uri = (self._way or described.ways[0]).aggregate_uri
        self._note_session(answer)
        alternatives = (answer.header("Transport") or transport.header()).split(",")[:MAX_ALTERNATIVES]
        fitting = (granted for granted in map(parse_transport, alternatives) if granted.fits(transport))
        return next(fitting, self._fault(FaultCode.RTSP_ERROR, "SETUP"))

    async def play(self, described: DescribeReply) -> Fault | None:
        """Start; returns the Fault that prevented it.

        Whatever a server has against the address as written (a trailing slash: rtsp-client-android#9,
        ZoneMinder#911; the presentation's instead of the track's) or against the Range (rtp2httpd#323), it is
        asked once the other way.
        """
        way = self._way or described.ways[0]
        first = refused = await self._play(way.aggregate_uri)
        for uri, ranged in _other_ways(way, first):
            if refused is None or refused.status is None or refused.code not in ODD_REQUEST:
                break
            refused = await self._play(uri, ranged=ranged)
        return None if refused is None else first

    async def _play(self, uri: str, *, ranged: bool = True) -> Fault | None:
        self._control_uri = uri
        answer = await self.client.ask("PLAY", uri, [("Range", "npt=0.000-")] if ranged else ())
        if isinstance(answer, Fault):
            return answer
        self._note_session(answer)
        return None

    @property
    def moved_to(self) -> StreamUri | None:
        """Another address of the same host, where the server has sent us on to one."""
        return sent_on(self.client.sent_on_to, self.uri, self.client.connection.peer_address)

    @property
    def keep_alive_s(self) -> float:
        """How often the server wants to hear of us: half its time-out (retina changelog v0.4.1)."""
        return max(MIN_KEEP_ALIVE_S, self.timeout_s / 2)

    async def keep_alive(self) -> Fault | None:
        """GET_PARAMETER where the server has it, else OPTIONS; a server that refuses the first gets only the
        second."""
        has_one = "GET_PARAMETER" in self._methods or not self.asks_options
        method = "GET_PARAMETER" if has_one else "OPTIONS"
        uri, limit_s = self._control_uri or str(self.uri), self.client.limits.teardown_s
        answer = await self.client.ask(method, uri, limit_s=limit_s)
        if (
            isinstance(answer, Fault)
            and answer.status is not None
            and method == "GET_PARAMETER"
            and self.asks_options
        ):
            self._methods -= {"GET_PARAMETER"}
            answer = await self.client.ask("OPTIONS", uri, limit_s=limit_s)
        return answer if isinstance(answer, Fault) else None

    async def tear_down(self) -> None:
        """End the session, whatever came before; a server that does not answer is left."""
        if self._control_uri is not None:
            self.client.deadline_s = float("inf")  # politeness has its own limit
            await self.give_back()

    async def give_back(self) -> None:
        """End what SETUP began; the connection may be asked for another one."""
        uri, self._control_uri = self._control_uri, None
        if uri is not None:
            answer = await self.client.ask("TEARDOWN", uri, limit_s=self.client.limits.teardown_s)
            self.unanswered = answer if isinstance(answer, Fault) and answer.code in NO_ANSWER else None
            self.client.session = None

    def _choose(self, answer: Response, description: SessionDescription) -> DescribeReply | Fault:
        media = description.video()
        if media is None or not media.formats:
            return self._fault(FaultCode.NO_VIDEO, "DESCRIBE")
        chosen = next((f for f in media.formats if f.codec), media.formats[0])
        addresses = ways(answer, (description.control, media.control), self.uri)
        if not addresses:
            return self._fault(FaultCode.MALFORMED_REPLY, "DESCRIBE")
        return DescribeReply(media, chosen, addresses)

    def _was_challenged(self) -> bool | None:
        return False if self.client.login.offered else None

    def _note_server(self, answer: Response) -> None:
        stated = answer.header("Server")
        if stated:  # and should it echo our secret
            self.server = without(self.client.login.secret_forms, stated)[:MAX_SERVER_CHARS]

    def _note_session(self, answer: Response) -> None:
        """Session ids may change between answers (retina changelog v0.4.6): the latest one counts."""
        session, timeout_s = session_of(answer)
        self.client.session = session or self.client.session
        self.timeout_s = timeout_s or self.timeout_s

    def _fault(self, code: FaultCode, doing: str) -> Fault:
        return Fault(code, Stage.OBSERVE, doing, 0.0)


def _other_ways(way: TrackWay, refused: Fault | None) -> list[tuple[str, bool]]:
    """(address, with a Range) to ask PLAY for after that refusal."""
    status = None if refused is None else refused.status
    whole, track = way.aggregate_uri, way.track_uri
    bare = whole.rstrip("/")
    if status == AGGREGATE_NOT_ALLOWED:
        return [(track, True), (track, False)]
    if status == NO_RANGE:
        return [(whole, False), (bare, False)]
    return [(bare if bare != whole else f"{whole}/", True), (bare, False), (track, False)]
