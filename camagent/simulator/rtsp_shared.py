"""What the connections of one simulated RTSP server share: streams, address, manners, UDP port pair."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from camagent.simulator.describe import Description
from camagent.simulator.doors import DoorKeeper, SimulatedDoor
from camagent.simulator.faults import NO_STREAM_FAULTS, StreamFaults
from camagent.simulator.live_clip import LiveSource
from camagent.simulator.rtsp_sender import PacketLine

SESSION_TIMEOUT_S = 60  # RFC 2326 §12.37: the default


@dataclass(frozen=True, slots=True)
class Mount:
    """One stream that the server offers."""

    source: LiveSource
    description: Description
    faults: StreamFaults = NO_STREAM_FAULTS


@dataclass(frozen=True, slots=True)
class RtspSettings:
    """One server's address and manners."""

    address: str
    port: int
    door: SimulatedDoor = field(default_factory=lambda: SimulatedDoor(open_to_anyone=True))
    server_name: str = "Rtsp Server/2.0"
    session_timeout_s: int = SESSION_TIMEOUT_S
    clock_offset_s: float = 0.0
    """Of the device's clock, as its sender reports show it."""
    tls: ssl.SSLContext | None = None


class ClientConnection(Protocol):
    """One client, as the server counts its sessions."""

    mount: Mount | None
    line: PacketLine | None
    """Where its pictures go; None: no session was set up."""

    def drop(self) -> None:
        """End the connection."""


class RtspShared:
    """What every connection of one server looks up, and the sessions of all of them."""

    def __init__(self, settings: RtspSettings, mounts: Mapping[str, Mount]) -> None:
        self.settings = settings
        self.mounts = dict(mounts)
        """By path and query of the URL."""
        self.keeper = DoorKeeper(settings.door)
        self.connections: set[ClientConnection] = set()
        self.refusals_left: dict[int, int] = {}
        self._datagrams: tuple[socket.socket, socket.socket] | None = None

    def playing(self, mount: Mount) -> int:
        """Sessions of that stream that were set up."""
        return sum(
            1 for connection in self.connections if connection.mount is mount and connection.line is not None
        )

    @property
    def sessions(self) -> int:
        """Sessions of all streams that were set up."""
        return sum(connection.line is not None for connection in self.connections)

    def datagrams(self) -> tuple[socket.socket, socket.socket]:
        """The RTP and RTCP sockets, an even port and the one above it; made on first use."""
        if self._datagrams is None:
            self._datagrams = _port_pair(self.settings.address)
        return self._datagrams

    def close_datagrams(self) -> None:
        """Give the UDP port pair back, if it was made."""
        for datagram_socket in self._datagrams or ():
            datagram_socket.close()
        self._datagrams = None


def _port_pair(address: str) -> tuple[socket.socket, socket.socket]:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    for _ in range(50):  # so many tries: every second free port is even, and the next is nearly always free
        first, second = (socket.socket(family, socket.SOCK_DGRAM) for _ in range(2))
        try:
            first.bind((address, 0))
            if first.getsockname()[1] % 2 == 0:
                second.bind((address, first.getsockname()[1] + 1))
                first.setblocking(False)
                second.setblocking(False)
                return first, second
        except OSError:
            pass
        first.close()
        second.close()
    raise OSError(f"no free pair of UDP ports at {address}")
