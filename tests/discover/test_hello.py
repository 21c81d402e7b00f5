from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence

from camagent.discover.hello import MAX_PARSED_PER_S, MAX_WAITING, HelloListener, Presence, open_hello
from camagent.discover.interfaces import list_interfaces
from camagent.discover.wsdiscovery import Kind
from camagent.model.fault import Fault, FaultCode
from camagent.platform.system_clock import SystemClock
from tests.discover.network import Network
from tests.discover.peers import EPR, GROUP, PORT, envelope, match, matches


def hello(host: str, kind: str = "Hello") -> bytes:
    return envelope(match(f"http://{host}/onvif/device_service").replace("ProbeMatch", kind))


BYE = envelope(f"<d:Bye><a:EndpointReference><a:Address>{EPR}</a:Address></a:EndpointReference></d:Bye>")


def hear(network: Network, datagrams: Sequence[bytes], count: int, interface: str = "lo") -> list[Presence]:
    """What a listener on that interface hears of datagrams said to the group there."""

    async def main() -> list[Presence]:
        listener = open_hello([i for i in list_interfaces() if i.name == interface], SystemClock())
        assert isinstance(listener, HelloListener)
        say(datagrams)
        try:
            async with asyncio.timeout(60):
                return [await listener.heard() for _ in range(count)]
        finally:
            listener.close()

    return asyncio.run(main())


def say(datagrams: Sequence[bytes], through: str = "127.0.0.1") -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as voice:
        voice.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(through))
        voice.bind((through, 0))
        for datagram in datagrams:
            voice.sendto(datagram, (GROUP, PORT))


def test_a_camera_that_comes_up_is_heard_with_its_place(network: Network) -> None:
    (announcement,) = hear(network, [hello("127.0.0.1:8080")], 1)
    assert (announcement.kind, announcement.host, announcement.endpoint, announcement.interface) == (
        Kind.HELLO,
        "127.0.0.1",
        EPR,
        "lo",
    )
    assert announcement.target is not None
    assert str(announcement.target) == "127.0.0.1:8080"


def test_a_camera_that_goes_is_heard(network: Network) -> None:
    (announcement,) = hear(network, [BYE], 1)
    assert (announcement.kind, announcement.endpoint, announcement.target) == (Kind.BYE, EPR, None)


def test_a_hello_cannot_name_another_host(network: Network) -> None:
    (announcement,) = hear(network, [hello("192.168.9.9:81")], 1)
    assert announcement.target is not None
    assert str(announcement.target) == "127.0.0.1:81"


def test_noise_printers_and_probes_are_not_announcements(network: Network) -> None:
    printer = envelope(match(None, types="wprt:PrintDeviceType", scopes=None).replace("ProbeMatch", "Hello"))
    probe = envelope("<d:Probe/>")
    announcements = hear(network, [b"", b"\xff" * 100, printer, probe, matches(match()), b"<a/>", BYE], 1)
    assert announcements[0].kind is Kind.BYE


def test_a_flood_is_bounded_and_counted(network: Network) -> None:
    async def main() -> tuple[int, int]:
        listener = open_hello([i for i in list_interfaces() if i.name == "lo"], SystemClock())
        assert isinstance(listener, HelloListener)
        for _ in range(5):
            say([BYE] * (MAX_PARSED_PER_S // 4))
            await asyncio.sleep(0)
        async with asyncio.timeout(60):
            while listener.dropped == 0:
                await asyncio.sleep(0.01)
            waiting = 0
            while listener._waiting.qsize():
                await listener.heard()
                waiting += 1
        dropped = listener.dropped
        listener.close()
        return waiting, dropped

    waiting, dropped = asyncio.run(main())
    assert 0 < waiting <= min(MAX_WAITING, MAX_PARSED_PER_S)
    assert dropped > 0


def test_what_one_source_repeats_is_read_once_and_others_are_heard_beside_it(network: Network) -> None:
    async def main() -> tuple[list[tuple[Kind, str]], int]:
        listener = open_hello([i for i in list_interfaces() if i.name == "lo"], SystemClock())
        assert isinstance(listener, HelloListener)
        say([hello("127.0.0.1:8080")] * 20 + [BYE] * 20)
        say([hello("127.0.0.2:8080")] * 20, through="127.0.0.2")
        announcements = []
        async with asyncio.timeout(60):
            while listener.dropped < 57:
                await asyncio.sleep(0.01)
        while listener._waiting.qsize():
            presence = await listener.heard()
            announcements.append((presence.kind, presence.host))
        listener.close()
        return announcements, listener.dropped

    announcements, dropped = asyncio.run(main())
    expected = [(Kind.HELLO, "127.0.0.1"), (Kind.BYE, "127.0.0.1"), (Kind.HELLO, "127.0.0.2")]
    assert (announcements, dropped) == (expected, 57)


def test_only_the_named_interface_is_heard(network: Network) -> None:
    network.stub("eth1", "eth2")
    network.run("addr add 192.168.1.2/24 dev eth1")

    async def main() -> list[Presence]:
        listener = open_hello([i for i in list_interfaces() if i.name == "lo"], SystemClock())
        assert isinstance(listener, HelloListener)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:  # another program joins on eth1
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            other.bind(("", PORT))
            member = socket.inet_aton(GROUP) + socket.inet_aton("192.168.1.2")
            other.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
            say([hello("192.168.1.2")], through="192.168.1.2")
            say([BYE])
            async with asyncio.timeout(60):
                announcements = [await listener.heard()]
        listener.close()
        return announcements

    assert [presence.kind for presence in asyncio.run(main())] == [Kind.BYE]


def test_a_camera_that_announces_itself_over_ipv6_alone_is_heard(
    network: Network, far_network: Network
) -> None:
    for number in (1, 2):
        network.cable_to(far_network, f"eth{number}", f"far{number}")
        network.run(f"addr add fe80::{number}:2/64 dev eth{number} nodad")
        far_network.run(f"addr add fe80::{number}:9/64 dev far{number} nodad")
    network.run("addr add 192.168.1.2/24 dev eth1")

    def announce(number: int) -> None:
        with far_network.inside():
            index = socket.if_nametoindex(f"far{number}")
            voice = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        with voice:
            voice.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
            voice.bind((f"fe80::{number}:9", 0, 0, index))
            voice.sendto(hello(f"[fe80::{number}:9]"), ("ff02::c", PORT, 0, index))

    async def main() -> Presence:
        listener = open_hello([i for i in list_interfaces() if i.name == "eth1"], SystemClock())
        assert isinstance(listener, HelloListener) and listener.notes == ()
        announce(2)  # an interface that was not named
        announce(1)
        try:
            async with asyncio.timeout(60):
                return await listener.heard()
        finally:
            listener.close()

    announcements = asyncio.run(main())
    assert (announcements.kind, announcements.host, announcements.interface) == (
        Kind.HELLO,
        "fe80::1:9%eth1",
        "eth1",
    )
    assert announcements.target is not None and announcements.target.host == "fe80::1:9%eth1"


def test_a_port_that_another_program_holds_is_a_fault(network: Network) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((GROUP, PORT))

        async def main() -> HelloListener | Fault:
            return open_hello([i for i in list_interfaces() if i.name == "lo"], SystemClock())

        fault = asyncio.run(main())
    assert isinstance(fault, Fault)
    assert fault.code is FaultCode.BUSY


def test_no_interface_at_all_is_a_fault(network: Network) -> None:
    async def main() -> HelloListener | Fault:
        return open_hello([], SystemClock())

    assert isinstance(asyncio.run(main()), Fault)
