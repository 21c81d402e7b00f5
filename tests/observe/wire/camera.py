"""An RTSP camera in memory: healthy by default; each test makes it misbehave in one way by overriding one
method.

Why it is not the simulator: it writes bytes that no RTSP server may write (half a header, a length that
lies, media between two lines), which the simulator's encoder of messages cannot produce and should not.
Times, clips and whole schools are tested against the simulator.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import ssl
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from camagent.model.uri import StreamUri
from camagent.simulator.clips import load_clip

CLIP = load_clip("sub_360p_h264")
SPS, PPS = CLIP.parameter_sets
SSRC = 0x1234ABCD
PAYLOAD_TYPE = 96
IDR_BODY, P_BODY = (
    b"\x88" + b"\x21" * 40,
    b"\x9a" + b"\x21" * 20,
)  # slice headers: first_mb 0, I (7) and P (0)


@dataclass
class Asked:
    """One request as it came."""

    method: str
    uri: str
    headers: dict[str, str]

    def __getitem__(self, name: str) -> str:
        return self.headers.get(name.lower(), "")


def rtp(sequence: int, timestamp: int, payload: bytes, *, marker: bool = False, **fields: int) -> bytes:
    second = (0x80 if marker else 0) | fields.get("payload_type", PAYLOAD_TYPE)
    ssrc = fields.get("ssrc", SSRC)
    return struct.pack("!BBHII", 0x80, second, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc) + payload


def on_channel(packet: bytes, channel: int = 0) -> bytes:
    return b"$" + bytes((channel,)) + len(packet).to_bytes(2, "big") + packet


def fragments(nal: bytes, size: int = 16) -> list[bytes]:
    """FU-A payloads of one NAL unit."""
    body = [nal[i : i + size] for i in range(1, len(nal), size)]
    payloads = []
    for number, piece in enumerate(body):
        flags = (0x80 if number == 0 else 0) | (0x40 if number == len(body) - 1 else 0) | nal[0] & 0x1F
        payloads.append(bytes((nal[0] & 0xE0 | 28, flags)) + piece)
    return payloads


def frame_payloads(number: int, gop: int) -> list[bytes]:
    if number % gop == 0:
        return [SPS, PPS, *fragments(b"\x65" + IDR_BODY)]
    return fragments(b"\x41" + P_BODY)


SDP = """v=0
o=- 0 0 IN IP4 127.0.0.1
s=camera
t=0 0
a=control:*
m=video 0 RTP/AVP 96
a=rtpmap:96 H264/90000
a=control:trackID=1
""".replace("\n", "\r\n")


@dataclass
class Camera:
    """Serves SDP and frames; everything that a test may want to bend is an attribute or a method."""

    fps: int = 50
    gop: int = 10
    first_sequence: int = 65_530
    first_timestamp: int = 4_294_960_000
    sdp: str = SDP
    public: str = "OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER"
    user: str | None = None
    password: str = ""
    challenges: tuple[str, ...] = ('Digest realm="cam", nonce="n0nce", algorithm=MD5',)
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    torn_down: asyncio.Event = field(default_factory=asyncio.Event)
    frames: int = 10_000
    uri: StreamUri = StreamUri("rtsp", "127.0.0.1", 0, "/live")

    # --- what it says
    # -------------------------------------------------------------------------------------------

    def options(self, asked: Asked) -> bytes:
        return self.ok(asked, f"Public: {self.public}")

    def describe(self, asked: Asked) -> bytes:
        return self.ok(
            asked, "Content-Type: application/sdp", f"Content-Base: {self.uri}/", body=self.sdp.encode()
        )

    def setup(self, asked: Asked) -> bytes:
        return self.ok(asked, "Session: 7F3A;timeout=60", f"Transport: {asked['transport']};ssrc={SSRC:08X}")

    def play(self, asked: Asked) -> bytes:
        return self.ok(asked, "Session: 7F3A", "RTP-Info: url=trackID=1;seq=1;rtptime=0")

    def teardown(self, asked: Asked) -> bytes:
        return self.ok(asked)

    def get_parameter(self, asked: Asked) -> bytes:
        return self.ok(asked)

    def ok(self, asked: Asked, *headers: str, body: bytes = b"") -> bytes:
        return self.status(asked, "200 OK", *headers, body=body)

    def status(self, asked: Asked, line: str, *headers: str, body: bytes = b"") -> bytes:
        lines = [f"RTSP/1.0 {line}", f"CSeq: {asked['cseq']}", *headers]
        lines += [f"Content-Length: {len(body)}"] if body else []
        return ("\r\n".join(lines) + "\r\n\r\n").encode() + body

    async def media(self) -> AsyncIterator[bytes]:
        """What goes out after PLAY, already on its channel."""
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        for number in range(self.frames):
            for packet in self.frame(number):
                yield packet
            await asyncio.sleep(began_s + (number + 1) / self.fps - loop.time())  # a busy machine catches up

    def frame(self, number: int) -> Iterator[bytes]:
        payloads = frame_payloads(number, self.gop)
        timestamp = self.first_timestamp + number * 90_000 // self.fps
        for at, payload in enumerate(payloads):
            marker = at == len(payloads) - 1
            yield on_channel(rtp(self.next_sequence(), timestamp, payload, marker=marker))

    def next_sequence(self) -> int:
        self.first_sequence += 1
        return self.first_sequence - 1

    # --- how it works
    # -------------------------------------------------------------------------------------------

    def refusal(self, asked: Asked) -> bytes | None:
        if self.user is None or asked.method == "OPTIONS" or self.is_right(asked):
            return None
        return self.status(asked, "401 Unauthorized", *(f"WWW-Authenticate: {c}" for c in self.challenges))

    def is_right(self, asked: Asked) -> bool:
        fields = dict(re.findall(r'(\w+)="?([^",]*)"?', asked["authorization"]))
        if not asked["authorization"].startswith("Digest") or fields.get("uri") != asked.uri:
            return False
        name = {"SHA-256": "sha256", "SHA-512-256": "sha512_256"}.get(fields.get("algorithm", "MD5"), "md5")

        def hashed(text: str) -> str:
            return hashlib.new(name, text.encode()).hexdigest()

        secret = hashed(f"{self.user}:{fields['realm']}:{self.password}")
        middle = fields["nonce"]
        if "qop" in fields:
            middle += f":{fields['nc']}:{fields['cnonce']}:{fields['qop']}"
        covered = f"{asked.method}:{asked.uri}" + (
            f":{hashed('')}" if fields.get("qop") == "auth-int" else ""
        )
        return bool(fields["response"] == hashed(f"{secret}:{middle}:{hashed(covered)}"))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        sending: asyncio.Task[None] | None = None
        try:
            while True:
                asked = await self.read(reader)
                if asked is None:
                    return
                self.asked.append(asked)
                answer = self.refusal(asked) or getattr(self, asked.method.lower())(asked)
                writer.write(answer)
                if asked.method == "PLAY" and re.search(rb"/[\d.]+\s+200", answer):
                    sending = asyncio.create_task(self.send(writer))
                if asked.method == "TEARDOWN":
                    self.torn_down.set()
                    if sending is not None:
                        sending.cancel()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            return  # the test is over, and asyncio's server would print a cancelled connection
        finally:
            if sending is not None:
                sending.cancel()
            writer.close()

    async def read(self, reader: asyncio.StreamReader) -> Asked | None:
        """The next request; interleaved reports of the client are read over."""
        first = await reader.read(1)
        while first == b"$":
            channel_length = await reader.readexactly(3)
            await reader.readexactly(int.from_bytes(channel_length[1:], "big"))
            first = await reader.read(1)
        if not first:
            return None
        head = (first + await reader.readuntil(b"\r\n\r\n")).decode()
        line, *rest = head.split("\r\n")
        method, uri, _ = line.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (h.partition(":") for h in rest if h)}
        return Asked(method, uri, headers)

    async def send(self, writer: asyncio.StreamWriter) -> None:
        try:
            async for data in self.media():
                writer.write(data)
        except ConnectionError:
            return

    def methods(self) -> list[str]:
        return [asked.method for asked in self.asked]


@asynccontextmanager
async def running(camera: Camera, tls: ssl.SSLContext | None = None) -> AsyncIterator[StreamUri]:
    """The camera's address while it is switched on."""
    server = await asyncio.start_server(camera.serve, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    camera.uri = StreamUri("rtsps" if tls else "rtsp", "127.0.0.1", port, "/live")
    try:
        yield camera.uri
    finally:
        server.close()
