"""The device behind five methods: what an interview needs of the network, and nothing else of it.

Implemented by `soap.HttpDoor` (the network) and `replay.ReplayDoor` (a transcript). A failure of the world is
a FaultCode; nothing of the network is raised.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from camagent.model.device import TlsFacts
from camagent.model.fault import FaultCode
from camagent.wire.headers import Headers
from camagent.wire.http_reply import HttpReply


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One POST."""

    url: str
    body: bytes
    headers: Headers
    operation: str
    going_out: Callable[[], None] | None = None
    """It carries a log-in that nothing has proved: sent on a fresh connection, and never a second time
    unasked. Called right before the first byte, so that who could not be connected to counts as never
    asked."""


class PortBehaviour(StrEnum):
    """How a TCP port behaved."""

    OPEN = "open"
    CLOSED = "closed"
    SILENT = "silent"


class DeviceDoor(Protocol):
    """One device; one connection at a time."""

    async def post(self, request: HttpRequest, timeout_s: float) -> HttpReply | FaultCode:
        """Send one request and read the whole reply."""

    async def peek(self, url: str, timeout_s: float) -> HttpReply | FaultCode:
        """One GET without any log-in; status and headers are read, the body is not."""

    async def handshake(self, host: str, port: int, timeout_s: float) -> TlsFacts | FaultCode:
        """One TLS handshake, without sending anything through it."""

    async def try_port(self, host: str, port: int, timeout_s: float) -> PortBehaviour:
        """Open a TCP connection and close it."""

    async def close(self) -> None:
        """Give the connection back."""


DoorMaker = Callable[[], DeviceDoor]
"""Makes the door to a target; the flag allows TLS as old firmware speaks it."""
