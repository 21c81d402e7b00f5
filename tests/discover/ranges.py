"""Ranges to be searched: behind a router that drops or says "prohibited", and a wire full of hosts of all
kinds."""

from __future__ import annotations

import ipaddress
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.discover.network import Network

HOSTS = Path(__file__).with_name("hosts.py")
Row = tuple[int, str, float]
"""Port, kind and delay, as in hosts.py."""
Hosts = Mapping[str, Sequence[Row]]

BEHIND_THE_ROUTER: Mapping[int, Sequence[Row]] = {
    9: [(80, "onvif", 0.0), (554, "rtsp", 0.0)],
    10: [(8000, "onvif", 4.0)],
    11: [(554, "rtsp", 0.0)],
    12: [(80, "web", 0.0), (8899, "services", 0.0)],
    13: [(888, "onvif", 0.0)],
    14: [(10554, "rtsp", 0.0)],
    15: [(80, "onvif", 3.0)],
    16: [(80, "web", 0.0)],
}
"""By the last number of the address: six cameras of which a search has to find every one, and a web
server."""
ONVIF_THERE, RTSP_ONLY_THERE = (9, 10, 12, 13, 15), (11, 14)


@contextmanager
def behind_a_router(near: Network, far: Network, network: str, verdict: str) -> Iterator[None]:
    """The hosts of `BEHIND_THE_ROUTER` in a range of which the router drops the rest (verdict "blackhole"),
    or of which it says at once that it is "prohibit" or "unreachable"."""
    first = ipaddress.IPv4Network(network).network_address
    near.cable_to(far, "eth1", "far1")
    near.run("addr add 192.168.1.2/24 dev eth1")
    far.run("addr add 192.168.1.1/24 dev far1")
    near.run("route add default via 192.168.1.1")
    far.run(f"route add {verdict} {network}")
    with far.inside():
        Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    with serving(far, {str(first + last): rows for last, rows in BEHIND_THE_ROUTER.items()}, "lo"):
        yield


def all_kinds(count: int) -> dict[str, list[Row]]:
    """Hosts 10.7.0.1 …: in turn a camera on a rare port, a web server, one that wants a log-in, a database, a
    mute one, a trap, a slow camera, a PC that refuses everything, RTSP alone, a web server whose ONVIF is at
    Axis' path."""
    kinds: list[list[Row]] = [
        [(8081, "onvif", 0.0)],
        [(80, "web", 0.0)],
        [(80, "login", 0.0)],
        [(8080, "banner", 0.0)],
        [(80, "mute", 0.0)],
        [(443, "mute", 0.0), (5000, "drip", 0.0)],
        [(8000, "onvif", 3.0)],
        [],
        [(10554, "rtsp", 0.0)],
        [(80, "services", 0.0)],
    ]
    return {f"10.7.0.{number + 1}": kinds[number % len(kinds)] for number in range(count)}


@contextmanager
def full_wire(near: Network, far: Network, hosts: Hosts, firewalled: Sequence[str] = ()) -> Iterator[None]:
    """All of them on one segment with us, 10.7.0.0/24; a firewalled one answers ARP and nothing else."""
    near.cable_to(far, "eth1", "far1")
    near.run("addr add 10.7.0.250/24 dev eth1")
    for address in firewalled:
        far.run(f"rule add from {address} blackhole")
    with serving(far, {**hosts, **dict.fromkeys(firewalled, ())}, "far1", prefix=24):
        yield


@contextmanager
def serving(far: Network, hosts: Hosts, device: str, prefix: int = 32) -> Iterator[None]:
    """These hosts, on addresses of their own on that device."""
    batch = "\n".join(f"addr add {address}/{prefix} dev {device}" for address in hosts)
    with far.inside():
        subprocess.run(["ip", "-batch", "-"], input=batch, text=True, check=True, timeout=30)
        process = subprocess.Popen(
            [
                sys.executable,
                str(HOSTS),
                json.dumps({address: list(rows) for address, rows in hosts.items()}),
            ],
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
