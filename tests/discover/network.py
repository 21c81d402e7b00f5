"""Networks of a test's own: namespaces that the calling thread enters, joined by virtual cables. Root
only."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.discover.crowd import addresses

CROWD = Path(__file__).with_name("crowd.py")

IS_UP = b" state UP "
CARRIER_S = 60

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
            subprocess.run(["ip", *command.split()], check=True, timeout=60)

    def cable_to(self, other: Network, here: str, there: str) -> None:
        """A virtual cable, up at both ends."""
        self.run(f"link add {here} type veth peer name {there} netns /proc/{os.getpid()}/fd/{other.fd}")
        self.run(f"link set {here} up")
        other.run(f"link set {there} up")
        self.wait_for_carrier(here)
        other.wait_for_carrier(there)

    def stub(self, name: str, other_end: str) -> None:
        """A cable with both ends in this network, up: an interface of that name with a carrier."""
        self.run(f"link add {name} type veth peer name {other_end}")
        self.run(f"link set {name} up")
        self.run(f"link set {other_end} up")
        self.wait_for_carrier(name)
        self.wait_for_carrier(other_end)

    def wait_for_carrier(self, name: str) -> None:
        """Until the kernel says that the interface runs.

        It notes a new carrier in its own time (up to seconds on a busy machine), and drops what is sent
        before.
        """
        until_s = time.monotonic() + CARRIER_S
        with self.inside():
            while IS_UP not in subprocess.check_output(["ip", "link", "show", name], timeout=60):
                assert time.monotonic() < until_s, f"{name} has no carrier"
                time.sleep(0.01)

    def close(self) -> None:
        os.close(self.fd)


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


@contextmanager
def crowd_on(
    near: Network, far: Network, networks: Sequence[str], count: int, spread_ms: int
) -> Iterator[None]:
    """`count` cameras a network behind as many cables, answering within `spread_ms`; one /22 each."""
    for number, prefix in enumerate(networks, 1):
        near.cable_to(far, f"eth{number}", f"far{number}")
        near.run(f"addr add {prefix}.3.250/22 dev eth{number}")
        own = [f"{prefix}.3.251", *addresses(prefix, count)]
        batch = "\n".join(f"addr add {address}/22 dev far{number}" for address in own)
        with far.inside():
            subprocess.run(["ip", "-batch", "-"], input=batch, text=True, check=True, timeout=60)
    with far.inside():
        process = subprocess.Popen(
            [sys.executable, str(CROWD), str(spread_ms), str(count), *networks],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
    assert process.stdin is not None and process.stdout is not None
    try:
        assert process.stdout.readline() == b"ready\n"
        yield
    finally:
        process.stdin.close()
        process.wait(60)
        process.stdout.close()
