"""Peers that misbehave in exactly one way: WS-Discovery responders and one-answer TCP servers.

They send datagrams and first bytes that no device may send; what keeps the standard is the simulator's.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager

GROUP, PORT = "239.255.255.250", 3702
NVT = "dn:NetworkVideoTransmitter"
EPR = "urn:uuid:5f5a69c2-e0ae-504f-829b-000000000001"
TIME_REPLY = (
    '<?xml version="1.0"?><e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body>'
    '<tds:GetSystemDateAndTimeResponse xmlns:tds="http://www.onvif.org/ver10/device/wsdl"/></e:Body></e:Envelope>'
)


def match(
    xaddrs: str | None = "http://127.0.0.1/onvif/device_service",
    endpoint: str | None = EPR,
    types: str | None = NVT,
    scopes: str | None = "onvif://www.onvif.org/name/Cam",
) -> str:
    """One ProbeMatch element; None leaves a part out."""
    parts = ["<d:ProbeMatch>"]
    if endpoint is not None:
        parts.append(f"<a:EndpointReference><a:Address>{endpoint}</a:Address></a:EndpointReference>")
    if types is not None:
        parts.append(f"<d:Types>{types}</d:Types>")
    if scopes is not None:
        parts.append(f"<d:Scopes>{scopes}</d:Scopes>")
    if xaddrs is not None:
        parts.append(f"<d:XAddrs>{xaddrs}</d:XAddrs>")
    return "".join((*parts, "</d:ProbeMatch>"))


def matches(*elements: str, relates_to: str = "urn:uuid:1", namespace: str | None = None) -> bytes:
    """A ProbeMatches datagram."""
    body = f"<d:ProbeMatches>{''.join(elements)}</d:ProbeMatches>"
    return envelope(body, relates_to, namespace)


def envelope(body: str, relates_to: str = "urn:uuid:1", namespace: str | None = None) -> bytes:
    space = namespace or "http://schemas.xmlsoap.org/ws/2005/04/discovery"
    return (
        '<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"'
        f' xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:d="{space}"'
        ' xmlns:dn="http://www.onvif.org/ver10/network/wsdl" xmlns:tds="http://www.onvif.org/ver10/device/wsdl">'
        f"<s:Header><a:RelatesTo>{relates_to}</a:RelatesTo></s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def message_id(probe: bytes) -> str:
    hit = re.search(rb"MessageID>([^<]+)<", probe)
    assert hit is not None
    return hit[1].decode()


Answer = Callable[[bytes], Sequence[bytes]]


class Responder:
    """Listens on 3702 in the network where it is made; answers each Probe as it is told."""

    def __init__(
        self, answer: Answer, join: str | None = None, address: str = "", answer_from: str | None = None
    ) -> None:
        self.answer = answer
        self.probes: list[bytes] = []
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.setblocking(False)
        self.sock.bind((address, PORT))
        self.voice = self.sock
        if answer_from is not None:
            self.voice = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.voice.bind((answer_from, 0))
        if join is not None:
            self.sock.setsockopt(socket.IPPROTO_IP, 49, 0)  # IP_MULTICAST_ALL: only what this one joined
            member = socket.inet_aton(GROUP) + socket.inet_aton(join)
            self.sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)

    @contextmanager
    def running(self) -> Iterator[Responder]:
        """Answers while the block runs, on the running event loop."""
        loop = asyncio.get_running_loop()
        loop.add_reader(self.sock, self._receive)
        try:
            yield self
        finally:
            loop.remove_reader(self.sock)
            self.close()

    def close(self) -> None:
        self.sock.close()
        self.voice.close()

    def _receive(self) -> None:
        probe, sender = self.sock.recvfrom(65535)
        self.probes.append(probe)
        for datagram in self.answer(probe):
            self.voice.sendto(datagram, sender)


def says(*datagrams: bytes) -> Answer:
    """Always the same."""
    return lambda _probe: datagrams


@asynccontextmanager
async def tcp_peer(
    reply: bytes | None, address: str = "127.0.0.1", port: int = 0, delay: asyncio.Event | None = None
) -> AsyncIterator[tuple[int, list[bytes]]]:
    """Accepts, reads one request, sends the reply (None: stays silent to the end). Yields port, requests."""
    requests: list[bytes] = []
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.read(65536))
        if delay is not None:
            await delay.wait()
        if reply is None:
            await over.wait()
        else:
            writer.write(reply)
        writer.close()

    server = await asyncio.start_server(serve, address, port)
    async with server:
        yield server.sockets[0].getsockname()[1], requests
        over.set()


def http(status: str, body: str, content_type: str = "application/soap+xml") -> bytes:
    content = body.encode()
    return (
        f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(content)}\r\n\r\n"
    ).encode() + content
