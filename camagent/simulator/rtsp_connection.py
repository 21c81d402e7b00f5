"""One client of a simulated RTSP server: requests in, answers and a session out, wrong where that was
ordered.

A protocol object, no task and no stream reader: hundreds of clients on one core.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
import struct
from collections.abc import Mapping

from camagent.simulator.describe import VIDEO_CONTROL, render_sdp
from camagent.simulator.faults import NO_STREAM_FAULTS, StreamFaults
from camagent.simulator.rtsp_messages import (
    MAX_REQUEST_BYTES,
    METHODS,
    REASONS,
    ServedRequest,
    body_length,
    first_number,
    parse_rtsp_request,
    stream_path,
)
from camagent.simulator.rtsp_sender import DatagramLine, InterleavedLine, PacketLine, Sender
from camagent.simulator.rtsp_shared import Mount, RtspShared

MAX_CHANNEL = 254  # one byte, and RTCP takes the next
MAX_PORT = 65_535
GARBAGE = bytes(range(128, 256)) + b"\r\n\r\n"


class ServedConnection(asyncio.Protocol):
    """One client's connection: at most one session."""

    def __init__(self, server: RtspShared) -> None:
        self.mount: Mount | None = None
        self.line: PacketLine | None = None
        self._server = server
        self._received = bytearray()
        self._transport: asyncio.Transport
        self._sender: Sender | None = None
        self._session = ""
        self._last_sign_s = 0.0
        self._expiry: asyncio.TimerHandle | None = None
        self._handlers = {
            "DESCRIBE": self._on_describe,
            "SETUP": self._on_setup,
            "PLAY": self._on_play,
            "PAUSE": self._on_pause,
            "GET_PARAMETER": self._on_parameter,
            "SET_PARAMETER": self._on_parameter,
            "TEARDOWN": self._on_teardown,
        }

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client came."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._server.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client went."""
        self._server.connections.discard(self)
        self._end_session()

    def data_received(self, data: bytes) -> None:
        """Requests, and the client's interleaved receiver reports between them."""
        self._received += data
        while self._received and self._take_one():
            pass

    def _take_one(self) -> bool:
        """Deal with the first message in the buffer; False until the rest of it has come."""
        received = self._received
        if received[0] == 0x24:
            size = 4 + int.from_bytes(received[2:4], "big")
            if len(received) < max(4, size):
                return False
            self._sign_of_life()
            del received[:size]
            return True
        end = received.find(b"\r\n\r\n")
        request = parse_rtsp_request(received[:end].decode("utf-8", "replace")) if end >= 0 else None
        size = end + 4 + body_length(request)
        if max(size, len(received) if end < 0 else 0) > MAX_REQUEST_BYTES:
            received.clear()
            self.drop()
            return False
        if end < 0 or len(received) < size:
            return False
        del received[:size]
        self._receive(request)
        return True

    def drop(self, *, reset: bool = False) -> None:
        """Close the connection with FIN, or with RST."""
        if reset:
            raw = self._transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort() if reset else self._transport.close()

    def _receive(self, request: ServedRequest | None) -> None:
        if request is None:
            self._write(f"RTSP/1.0 400 {REASONS[400]}\r\n\r\n")
            return
        self._sign_of_life()
        mount = self._server.mounts.get(stream_path(request.url))
        faults = mount.faults if mount else NO_STREAM_FAULTS
        if faults.silent_at in (request.method, "CONNECT"):
            return
        if faults.garbage_at == request.method:
            self._transport.write(GARBAGE)
            return
        if faults.answer_delay_s:
            asyncio.get_running_loop().call_later(faults.answer_delay_s, self._answer, request, mount)
        else:
            self._answer(request, mount)

    def _answer(self, request: ServedRequest, mount: Mount | None) -> None:
        if self._transport.is_closing():
            return
        if request.method == "OPTIONS":
            self._reply(request, 200, {"Public": ", ".join(METHODS)})
        elif request.method not in METHODS:
            self._reply(request, 501)
        elif not self._server.keeper.admits(request.method, request.headers.get("authorization")):
            self._challenge(request)
        elif mount is None:
            self._reply(request, 404)
        elif (status := self._ordered_refusal(mount, request.method)) is not None:
            self._reply(request, status)
        else:
            self._handlers[request.method](request, mount)

    def _challenge(self, request: ServedRequest) -> None:
        keeper, authorization = self._server.keeper, request.headers.get("authorization")
        if keeper.locked:
            self._reply(request, 403, {"X-Reason": "account locked"})
            return
        stale = (
            authorization is not None and "nonce=" in authorization and not keeper.knows_nonce(authorization)
        )
        lines = [f"WWW-Authenticate: {line}" for line in keeper.challenge_lines(stale=stale)]
        self._reply_lines(request, 401, lines)

    def _ordered_refusal(self, mount: Mount, method: str) -> int | None:
        status = dict(mount.faults.refuse).get(method)
        if status is None or mount.faults.refusals is None:
            return status
        left = self._server.refusals_left.setdefault(id(mount), mount.faults.refusals)
        self._server.refusals_left[id(mount)] = left - 1
        return status if left > 0 else None

    def _on_describe(self, request: ServedRequest, mount: Mount) -> None:
        url = request.url.rstrip("/")
        sdp = render_sdp(mount.description, self._server.settings.address, url)
        self._reply(request, 200, {"Content-Base": f"{url}/", "Content-Type": "application/sdp"}, sdp)

    def _on_setup(self, request: ServedRequest, mount: Mount) -> None:
        is_video = request.url.endswith(VIDEO_CONTROL) or "trackID=" not in request.url
        if is_video and self.line is None and _full(self._server, mount):
            self._reply(request, 453)
            return
        for wanted in request.headers.get("transport", "").split(","):
            answer = self._transport_answer(wanted.strip(), mount.faults, is_video)
            if answer is not None:
                self.mount = mount
                self._session = self._session or secrets.token_hex(4).upper()
                self._watch_expiry()
                timeout = self._server.settings.session_timeout_s
                self._reply(
                    request, 200, {"Transport": answer, "Session": f"{self._session};timeout={timeout}"}
                )
                return
        self._reply(request, 461)

    def _transport_answer(self, wanted: str, faults: StreamFaults, is_video: bool) -> str | None:
        fields = dict(item.partition("=")[::2] for item in wanted.split(";"))
        if "multicast" in fields:
            return None
        if "RTP/AVP/TCP" in fields and not faults.tcp_refused:
            return self._interleaved_answer(first_number(fields.get("interleaved", ""), 0), is_video)
        if fields.keys() & {"RTP/AVP", "RTP/AVP/UDP"} and "client_port" in fields and not faults.udp_refused:
            return self._datagram_answer(first_number(fields["client_port"], 0), is_video)
        return None

    def _interleaved_answer(self, channel: int, is_video: bool) -> str | None:
        if channel > MAX_CHANNEL:
            return None
        if is_video:
            self.line = InterleavedLine(self._transport, channel)
        return f"RTP/AVP/TCP;unicast;interleaved={channel}-{channel + 1}"

    def _datagram_answer(self, port: int, is_video: bool) -> str | None:
        if not 0 < port < MAX_PORT:
            return None
        rtp, rtcp = self._server.datagrams()
        if is_video:
            self.line = DatagramLine(rtp, rtcp, self._transport.get_extra_info("peername")[0], port, port + 1)
        ports = f"{rtp.getsockname()[1]}-{rtcp.getsockname()[1]}"
        return f"RTP/AVP;unicast;client_port={port}-{port + 1};server_port={ports}"

    def _on_play(self, request: ServedRequest, mount: Mount) -> None:
        if self.line is None or self.mount is None:
            self._reply(request, 455)
            return
        if request.headers.get("session", "").partition(";")[0].strip() != self._session:
            self._reply(request, 454)
            return
        if self._sender is not None:
            self._sender.dismiss()
        faults = self.mount.faults
        sender = Sender(self.mount.source, self.line, faults, self._server.settings.clock_offset_s)
        self._sender = sender
        sequence, timestamp = sender.play(lambda: self.drop(reset=faults.close_with_reset))
        url = f"{request.url.rstrip('/')}/{VIDEO_CONTROL}"
        info = f"url={url};seq={sequence};rtptime={timestamp}"
        self._reply(request, 200, {"Session": self._session, "Range": "npt=0.000-", "RTP-Info": info})

    def _on_pause(self, request: ServedRequest, mount: Mount) -> None:
        if self._sender is not None:
            self._sender.stop()
        self._reply(request, 200, {"Session": self._session})

    def _on_parameter(self, request: ServedRequest, mount: Mount) -> None:
        self._reply(request, 200, {"Session": self._session} if self._session else {})

    def _on_teardown(self, request: ServedRequest, mount: Mount) -> None:
        self._reply(request, 200, {"Session": self._session})
        self._end_session()

    def _reply(
        self, request: ServedRequest, status: int, headers: Mapping[str, str] | None = None, body: str = ""
    ) -> None:
        lines = [f"{name}: {value}" for name, value in (headers or {}).items()]
        self._reply_lines(request, status, lines, body)

    def _reply_lines(self, request: ServedRequest, status: int, headers: list[str], body: str = "") -> None:
        lines = [
            f"RTSP/1.0 {status} {REASONS.get(status, 'Refused')}",
            f"CSeq: {request.headers.get('cseq', '0')}",
        ]
        lines += [f"Server: {self._server.settings.server_name}", *headers]
        if body:
            lines += [f"Content-Length: {len(body.encode())}"]
        self._write("\r\n".join(lines) + "\r\n\r\n" + body)

    def _write(self, text: str) -> None:
        self._transport.write(text.encode())

    def _sign_of_life(self) -> None:
        self._last_sign_s = asyncio.get_running_loop().time()

    def _watch_expiry(self) -> None:
        if self._expiry is None:
            self._expiry = asyncio.get_running_loop().call_later(
                self._server.settings.session_timeout_s, self._expire
            )

    def _expire(self) -> None:
        """End a session whose client gave no sign of life for the time that it was told."""
        loop, timeout = asyncio.get_running_loop(), self._server.settings.session_timeout_s
        left_s = self._last_sign_s + timeout - loop.time()
        if left_s <= 0:
            self.drop()
        else:
            self._expiry = loop.call_later(left_s, self._expire)

    def _end_session(self) -> None:
        if self._sender is not None:
            self._sender.dismiss()
        if self._expiry is not None:
            self._expiry.cancel()
        self._sender, self.line, self.mount, self._session, self._expiry = None, None, None, "", None


def _full(server: RtspShared, mount: Mount) -> bool:
    limit, of_all = mount.faults.max_sessions, mount.faults.max_device_sessions
    if of_all is not None and server.sessions >= of_all:
        return True
    return limit is not None and server.playing(mount) >= limit
