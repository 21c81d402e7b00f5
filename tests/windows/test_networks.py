"""Networks of two namespaces and a cable between them: what loopback cannot show. Root only."""

from __future__ import annotations

import json
import os
import re
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

if os.name == "nt":
    pytest.skip("namespaces are Linux'", allow_module_level=True)

from tests.discover.network import Network
from tests.discover.peers import match, matches, message_id
from tests.windows import wine

pytestmark = [
    pytest.mark.slow,
    pytest.mark.windows,
    pytest.mark.timeout(900),
    pytest.mark.usefixtures("folder"),
    pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root"),
]
GROUP_V6, PORT = "ff02::c", 3702


@contextmanager
def camera_on_ipv6(network: Network, adapter: str, address: str) -> Iterator[None]:
    """A camera that has only this link-local address and answers every probe."""
    with network.inside():
        sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        sock.bind(("::", PORT))
        index = socket.if_nametoindex(adapter).to_bytes(4, "little")
        sock.setsockopt(
            socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, socket.inet_pton(socket.AF_INET6, GROUP_V6) + index
        )
    ended = threading.Event()

    def serve() -> None:
        while not ended.is_set():
            if select.select([sock], [], [], 0.1)[0]:
                probe, sender = sock.recvfrom(65535)
                if re.search(rb"Probe\b", probe):
                    hit = match(f"http://[{address}]/onvif/device_service")
                    sock.sendto(matches(hit, relates_to=message_id(probe)), sender)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        sock.close()


def test_a_camera_on_ipv6_link_local_alone_is_found() -> None:
    near, far = Network(), Network()
    near.cable_to(far, "eth1", "far1")
    near.run("addr add fe80::2/64 dev eth1 nodad")
    far.run("addr add fe80::9/64 dev far1 nodad")
    # Wine's sockets belong to its server, which must live in this network.
    prefix = wine.HOME / "prefix-network"
    try:
        with camera_on_ipv6(far, "far1", "fe80::9"), near.inside(), wine.running_windows(prefix):
            arguments = ["discover", "--interface", "eth1", "--format", "json", "--wait", "2"]
            done = wine.camagent(*arguments, home={"WINEPREFIX": str(prefix)})
        devices = json.loads(done.out)["devices"]
        assert [device["address"].partition("%")[0] for device in devices] == ["fe80::9"], done.err
    finally:
        near.close()
        far.close()
