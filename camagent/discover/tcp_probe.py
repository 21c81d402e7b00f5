"""One question to one TCP port: does ONVIF live here, does RTSP? The only TCP connections of the search.

Without credentials, one connection at a time to an address (the caller sees to it), each with a deadline.
Certificates are not verified: nothing secret is said, and the interrogation judges them.
"""

from __future__ import annotations

import asyncio
import errno
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from camagent.model.onvif import DEVICE_NS, SOAP_NS
from camagent.model.printable import printable_line
from camagent.wire.tls import device_context

MAX_REPLY_BYTES = 64 * 1024  # a GetSystemDateAndTime reply is under 4 kB; a web page is cut here
MAX_SERVER_CHARS = 80  # of a Server header
_USER_AGENT = "camagent"
# The envelope shape that also simple servers recognise: they search it with a regular expression.
_QUESTION = (
    f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="{SOAP_NS}"><s:Body'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema">'
    f'<GetSystemDateAndTime xmlns="{DEVICE_NS}"/></s:Body></s:Envelope>'
)
_ENVELOPE_END = re.compile(rb"</(?:[\w.-]+:)?Envelope\s*>")
_ENVELOPE = re.compile(rb"<(?:[\w.-]+:)?Envelope[\s>]")
_ONVIF_WORDS = re.compile(
    rb"GetSystemDateAndTimeResponse|onvif\.org|(?:Fault|faultcode)[\s>/]", re.IGNORECASE
)
_STATUS = re.compile(rb"^HTTP/1\.[01][ \t]+(\d{3})", re.IGNORECASE)
_SERVER = re.compile(rb"^Server:[ \t]*([^\r\n]*)", re.IGNORECASE | re.MULTILINE)


_Complete = Callable[[bytes], bool]


class PortAnswer(StrEnum):
    """What came back from one port."""

    ONVIF = "onvif"
    RTSP = "rtsp"
    LOGIN = "login"
    """HTTP that wants a log-in before it says what it is."""
    WEB = "web"
    """A web server that knows no ONVIF at that path."""
    OTHER = "other"
    """Something else lives there."""
    REFUSED = "refused"
    MUTE = "mute"
    """It accepted and then said nothing, or that it is too busy."""
    SILENT = "silent"
    UNREACHABLE = "unreachable"
    """A router, a firewall or our own machine said that there is no way: believed at once."""
    OURS = "ours"
    """Our own machine could not ask: out of ports or files."""


ALIVE = frozenset(
    {
        PortAnswer.ONVIF,
        PortAnswer.RTSP,
        PortAnswer.LOGIN,
        PortAnswer.WEB,
        PortAnswer.OTHER,
        PortAnswer.REFUSED,
        PortAnswer.MUTE,
    }
)
"""Somebody is at that address."""


@dataclass(frozen=True, slots=True)
class TcpPort:
    """One port of one address, and how long to stand before it."""

    host: str
    port: int
    secure: bool
    connect_s: float
    reply_s: float


@dataclass(frozen=True, slots=True)
class TriedPort:
    """One question and what was heard."""

    host: str
    port: int
    answer: PortAnswer
    server: str | None = None
    path: str | None = None
    """Where ONVIF was asked for."""


async def ask_onvif(door: TcpPort, path: str) -> TriedPort:
    """GetSystemDateAndTime without credentials, which every ONVIF device owes an answer."""
    body = _QUESTION.encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {_host_port(door)}\r\nUser-Agent: {_USER_AGENT}\r\nConnection: "
        "close\r\n"
        f"Content-Type: application/soap+xml; charset=utf-8\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    reply = await _exchange(door, head.encode() + body, _http_complete)
    return TriedPort(
        door.host, door.port, reply if isinstance(reply, PortAnswer) else judge_http(reply), path=path
    )


async def ask_rtsp(door: TcpPort) -> TriedPort:
    """RTSP OPTIONS for the root, without credentials; any RTSP answer will do."""
    scheme = "rtsps" if door.secure else "rtsp"
    request = (
        f"OPTIONS {scheme}://{_host_port(door)}/ RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: {_USER_AGENT}\r\n\r\n"
    )
    reply = await _exchange(door, request.encode(), lambda data: b"\r\n\r\n" in data or b"\n\n" in data)
    if isinstance(reply, PortAnswer):
        return TriedPort(door.host, door.port, reply)
    if not reply.lstrip().startswith(b"RTSP/"):
        return TriedPort(door.host, door.port, PortAnswer.OTHER)
    return TriedPort(door.host, door.port, PortAnswer.RTSP, _server(reply))


def judge_http(reply: bytes) -> PortAnswer:
    """What kind of thing sends such a reply to an ONVIF question: any SOAP answer counts, a web page does
    not.

    Axis wants a log-in even for the time, so a SOAP fault is as good as the time itself.
    """
    head, _, body = reply.partition(b"\r\n\r\n")
    if _ENVELOPE.search(body) and _ONVIF_WORDS.search(body):
        return PortAnswer.ONVIF
    status = _STATUS.match(head)
    if status and status[1] == b"503":
        return PortAnswer.MUTE
    if status is None:
        return PortAnswer.OTHER
    return PortAnswer.LOGIN if status[1] in (b"401", b"403") else PortAnswer.WEB


async def touch(door: TcpPort) -> PortAnswer | None:
    """Whether anybody accepts there; hangs up at once. None: accepted, and still to be asked."""
    try:
        async with asyncio.timeout(door.connect_s):
            _, writer = await asyncio.open_connection(door.host, door.port)
    except TimeoutError:
        return PortAnswer.SILENT
    except OSError as error:
        return _heard_of(error)
    writer.transport.abort()
    return None


async def _exchange(door: TcpPort, request: bytes, complete: _Complete) -> bytes | PortAnswer:
    try:
        async with asyncio.timeout(door.connect_s):
            reader, writer = await asyncio.open_connection(door.host, door.port, limit=MAX_REPLY_BYTES)
    except TimeoutError:
        return PortAnswer.SILENT
    except OSError as error:
        return _heard_of(error)
    try:
        async with asyncio.timeout(door.reply_s):
            if door.secure:
                await writer.start_tls(device_context(legacy=True), server_hostname=door.host)
    except TimeoutError:
        writer.transport.abort()
        return PortAnswer.MUTE  # it accepted: not the silence of a lost packet
    except OSError as error:
        writer.transport.abort()
        return _heard_of(error)
    try:
        return await _talk(reader, writer, (request, complete), door.reply_s)
    finally:
        writer.transport.abort()  # nothing more to say: no lingering sockets after thousands of questions


async def _talk(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, say: tuple[bytes, _Complete], reply_s: float
) -> bytes | PortAnswer:
    request, complete = say
    data = b""
    try:
        async with asyncio.timeout(reply_s):
            writer.write(request)
            while len(data) < MAX_REPLY_BYTES and not complete(data):
                chunk = await reader.read(MAX_REPLY_BYTES - len(data))
                if not chunk:
                    break
                data += chunk
    except TimeoutError:
        return data or PortAnswer.MUTE
    except OSError:
        # busy firmware turns a connection away without a word: worth a second try
        return data or PortAnswer.MUTE
    return data or PortAnswer.MUTE


def _http_complete(data: bytes) -> bool:
    head, end, body = data.partition(b"\r\n\r\n")
    if not end:
        return False
    length = re.search(rb"^Content-Length:[ \t]*(\d{1,7})", head, re.IGNORECASE | re.MULTILINE)
    return bool(_ENVELOPE_END.search(body)) or (length is not None and len(body) >= int(length[1]))


def _heard_of(error: OSError) -> PortAnswer:
    if isinstance(error, ConnectionRefusedError):
        return PortAnswer.REFUSED
    if isinstance(error, (ssl.SSLError, ConnectionResetError, ConnectionAbortedError, BrokenPipeError)):
        return PortAnswer.OTHER
    if error.errno in (
        errno.EMFILE,
        errno.ENFILE,
        errno.EADDRNOTAVAIL,
        errno.ENOBUFS,
        errno.ENOMEM,
        errno.EPERM,
    ):
        return PortAnswer.OURS
    return PortAnswer.SILENT if error.errno == errno.ETIMEDOUT else PortAnswer.UNREACHABLE


def _host_port(door: TcpPort) -> str:
    return f"[{door.host}]:{door.port}" if ":" in door.host else f"{door.host}:{door.port}"


def _server(reply: bytes) -> str | None:
    match = _SERVER.search(reply)
    if not match:
        return None
    return printable_line(match[1].decode("utf-8", errors="replace"), MAX_SERVER_CHARS, "")
