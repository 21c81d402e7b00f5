"""Datagram sockets where the systems differ: who reads them, out of which adapter they send, what they
join."""

from __future__ import annotations

import asyncio
import errno
import socket
import struct
import sys
from collections.abc import Callable
from typing import Any

_IP_MULTICAST_ALL = 49  # linux/in.h; without it we receive groups that other programs joined
_IPV6_MULTICAST_ALL = 29  # linux/in6.h; the same
_IP_PKTINFO = 8  # linux/in.h
WINDOWS_ERRORS = {
    64: errno.ECONNRESET,
    121: errno.ETIMEDOUT,
    1225: errno.ECONNREFUSED,
    1231: errno.ENETUNREACH,
} | {
    1232: errno.EHOSTUNREACH,
    1236: errno.ECONNABORTED,
}
"""Errors of Windows' overlapped sockets (winerror.h) that Python does not name as the socket call would."""


def watch(sock: socket.socket, ready: Callable[..., None], *args: Any) -> None:
    """Call `ready(*args)` on the running loop whenever the socket has something to read, until `unwatch`."""
    loop = asyncio.get_running_loop()
    if sys.platform == "win32":
        from camagent.platform.windows_reader import reader_of

        reader_of(loop).add(sock, ready, *args)
    else:
        loop.add_reader(sock, ready, *args)


def unwatch(sock: socket.socket) -> None:
    """End `watch`; nothing happens where the socket was not watched. To be called before the socket is
    closed."""
    loop = asyncio.get_running_loop()
    if sys.platform == "win32":
        from camagent.platform.windows_reader import reader_of

        reader_of(loop).remove(sock)
    else:
        loop.remove_reader(sock)


def errno_of(error: OSError) -> int:
    """The error's number as the BSD socket calls have it, also where Windows' overlapped sockets raised
    it."""
    return WINDOWS_ERRORS.get(getattr(error, "winerror", None) or 0, error.errno or 0)


def claim_port(sock: socket.socket) -> None:
    """Let a server bind a port that its predecessor left a moment ago, and no other program beside it."""
    if sys.platform == "win32":
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
    else:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)


def send_multicast_from(sock: socket.socket, own: str, index: int) -> None:
    """Send IPv4 multicast out of the adapter with that address and index."""
    if sys.platform == "win32":
        option = socket.inet_aton(own)
    else:
        option = struct.pack("=4s4si", b"\0" * 4, socket.inet_aton(own), index)  # struct ip_mreqn
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, option)


def join_v4(sock: socket.socket, group: str, own: str, index: int) -> None:
    """Join an IPv4 group on the adapter with that address and index."""
    if sys.platform == "win32":
        member = struct.pack("=4s4s", socket.inet_aton(group), socket.inet_aton(own))  # struct ip_mreq
    else:
        # struct ip_mreqn
        member = struct.pack("=4s4si", socket.inet_aton(group), socket.inet_aton(own), index)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)


def join_v6(sock: socket.socket, group: str, index: int) -> None:
    """Join an IPv6 group on the adapter with that index."""
    member = struct.pack("=16sI", socket.inet_pton(socket.AF_INET6, group), index)  # struct ipv6_mreq
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, member)


def bind_group(sock: socket.socket, group: str, port: int) -> None:
    """Bind a socket that shall receive what is sent to an IPv4 group; Windows knows no binding to the group
    itself."""
    sock.bind(("" if sys.platform == "win32" else group, port))


def tell_arrival(sock: socket.socket) -> None:
    """Have each datagram say on which adapter it came, and receive only the groups that this socket
    joined."""
    if sys.platform == "win32":
        return  # there a socket receives only its own groups, and `receive_with_index` cannot ask
    if sock.family == socket.AF_INET:
        sock.setsockopt(socket.IPPROTO_IP, _IP_MULTICAST_ALL, 0)
        sock.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
    else:
        sock.setsockopt(socket.IPPROTO_IPV6, _IPV6_MULTICAST_ALL, 0)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)


def receive_with_index(sock: socket.socket, max_bytes: int) -> tuple[bytes, Any, int]:
    """One datagram, its sender, and the index of the adapter on which it came (0: the system does not say).

    Raises: BlockingIOError where nothing waits; OSError for a queued network error.
    """
    if sys.platform == "win32":
        payload, address = sock.recvfrom(max_bytes)
        return payload, address, address[3] if len(address) == 4 else 0
    payload, ancillary, _flags, address = sock.recvmsg(max_bytes, socket.CMSG_SPACE(20))
    for level, kind, content in ancillary:
        if level == socket.IPPROTO_IP and kind == _IP_PKTINFO and len(content) >= 4:
            return payload, address, int(struct.unpack_from("=i", content)[0])
        if level == socket.IPPROTO_IPV6 and kind == socket.IPV6_PKTINFO and len(content) >= 20:
            return payload, address, int(struct.unpack_from("=i", content, 16)[0])
    return payload, address, 0
