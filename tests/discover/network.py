"""Networks of a test's own: namespaces that the calling thread enters, joined by virtual cables. Root only."""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


class Network:
    """One network namespace; sockets opened `with network.inside():` belong to it for ever."""

    def __init__(self) -> None:
        with _back_home():
            if _libc.unshare(_CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "unshare")
            self.fd = _current()
        self.run("link set lo up")

    @contextmanager
    def inside(self) -> Iterator[None]:
        with _back_home():
            _enter(self.fd)
            yield

    def run(self, command: str) -> None:
        """`ip COMMAND` in this network."""
        with self.inside():
            subprocess.run(["ip", *command.split()], check=True, timeout=10)

    def cable_to(self, other: Network, here: str, there: str) -> None:
        """A virtual cable, up at both ends."""
        self.run(f"link add {here} type veth peer name {there} netns /proc/{os.getpid()}/fd/{other.fd}")
        self.run(f"link set {here} up")
        other.run(f"link set {there} up")

    def close(self) -> None:
        os.close(self.fd)


@pytest.fixture
def network() -> Iterator[Network]:
    """The test runs inside a network of its own, with nothing but a loopback interface."""
    if os.geteuid() != 0:
        pytest.skip("needs root: a network namespace of its own")
    own = Network()
    try:
        with own.inside():
            yield own
    finally:
        own.close()


@pytest.fixture
def far_network(network: Network) -> Iterator[Network]:
    """A second network, not yet joined to the first."""
    far = Network()
    try:
        yield far
    finally:
        far.close()


@contextmanager
def _back_home() -> Iterator[None]:
    home = _current()
    try:
        yield
    finally:
        _enter(home)
        os.close(home)


def _current() -> int:
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def _enter(fd: int) -> None:
    if _libc.setns(fd, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")
