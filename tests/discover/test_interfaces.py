from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camagent.discover.interfaces import (
    Interface,
    Medium,
    default_ranges,
    is_private,
    list_interfaces,
    usable_interfaces,
)
from camagent.platform.linux_adapters import parse_neighbours
from tests.discover.network import Network
from tests.floor import judged, not_vacuous


def interface(name: str = "eth0", *addresses: str, medium: Medium = Medium.LAN, **changes: bool) -> Interface:
    flags = {"up": True, "running": True, "multicast": True} | changes
    return Interface(name, 2, medium, ipv4=tuple(map(ipaddress.IPv4Interface, addresses)), **flags)  # type: ignore[arg-type]


def codes(notes: tuple[object, ...]) -> list[str]:
    return [str(note) for note in notes]


def test_the_machines_own_interfaces_are_read() -> None:
    loopback = next(i for i in list_interfaces() if i.medium is Medium.LOOPBACK)
    assert loopback.up
    assert ipaddress.IPv4Interface("127.0.0.1/8") in loopback.ipv4


def test_addresses_and_masks_are_read_as_the_kernel_has_them(network: Network) -> None:
    network.stub("eth7", "eth8")
    network.run("addr add 10.20.30.40/21 dev eth7")
    network.run("addr add 192.168.1.9/24 dev eth7")
    network.run("addr add fd00:7::1/64 dev eth7 nodad")
    seven = next(i for i in list_interfaces() if i.name == "eth7")
    assert [str(own) for own in seven.ipv4] == ["10.20.30.40/21", "192.168.1.9/24"]
    assert "fd00:7::1/64" in [str(own) for own in seven.ipv6]
    assert (seven.up, seven.running, seven.medium) == (True, True, Medium.LAN)
    assert seven.index > 1


def test_a_second_address_under_a_label_is_the_same_interface(network: Network) -> None:
    network.stub("eth7", "eth8")
    network.run("addr add 10.20.30.40/21 dev eth7")
    network.run("addr add 192.168.1.50/24 dev eth7 label eth7:1")
    seven = next(i for i in list_interfaces() if i.name == "eth7")
    assert [str(own) for own in seven.ipv4] == ["10.20.30.40/21", "192.168.1.50/24"]
    assert {i.name for i in list_interfaces()} == {"lo", "eth7", "eth8"}


def test_the_kernel_s_names_tell_containers_and_tunnels(network: Network) -> None:
    for one, other in (
        ("docker0", "br-0123456789ab"),
        ("veth12ab", "virbr0"),
        ("wg0", "tailscale0"),
        ("br0", "wlan0"),
    ):
        network.stub(one, other)
    medium = {i.name: i.medium for i in list_interfaces()}
    assert {n for n, m in medium.items() if m is Medium.CONTAINER} == {
        "docker0",
        "br-0123456789ab",
        "veth12ab",
        "virbr0",
    }
    assert {n for n, m in medium.items() if m is Medium.TUNNEL} == {"wg0", "tailscale0"}
    assert {n for n, m in medium.items() if m is Medium.LAN} == {"br0", "wlan0"}


def test_containers_and_tunnels_are_named_and_left_out() -> None:
    # open-nvr/open-nvr#255: the Docker bridge was scanned in place of the LAN; futomi/node-onvif PR #67: the
    # VPN
    everything = [
        interface("lo", "127.0.0.1/8", medium=Medium.LOOPBACK),
        interface("eth0", "192.168.1.5/24"),
        interface("docker0", "172.28.0.1/24", medium=Medium.CONTAINER),
        interface("docker1", "172.29.0.1/24", medium=Medium.CONTAINER, up=False),
        interface("wg0", "10.8.0.2/24", medium=Medium.TUNNEL),
        interface("eth1", up=False),
        interface("eth2", "192.168.2.5/24", running=False),
        interface("eth3"),
    ]
    chosen, notes = usable_interfaces(everything)
    assert [i.name for i in chosen] == ["eth0"]
    assert codes(notes) == [
        "container_interface:docker0",
        "tunnel_interface:wg0",
        "interface_down:eth1",
        "no_carrier:eth2",
        "no_address:eth3",
    ]


def test_a_wide_network_is_narrowed_around_our_own_address_and_that_is_said() -> None:
    ranges, notes = default_ranges([interface("eth0", "10.4.9.77/8")])
    assert ranges == (ipaddress.IPv4Network("10.4.8.0/22"),)
    assert codes(notes) == ["range_narrowed:10.0.0.0/8 -> 10.4.8.0/22"]


def test_link_local_and_public_ranges_are_not_searched_and_that_is_said() -> None:
    ranges, notes = default_ranges([interface("eth0", "169.254.3.4/16", "198.51.100.7/24", "192.168.1.5/24")])
    assert ranges == (ipaddress.IPv4Network("192.168.1.0/24"),)
    assert codes(notes) == ["link_local_only:eth0 169.254.3.4", "public_range:eth0 198.51.100.0/24"]


def test_two_interfaces_in_one_network_are_one_range() -> None:
    ranges, _ = default_ranges([interface("eth0", "192.168.1.5/24"), interface("wlan0", "192.168.1.6/24")])
    assert ranges == (ipaddress.IPv4Network("192.168.1.0/24"),)


@not_vacuous(0.03)
@given(st.integers(0, 2**32 - 1) | st.integers(0x0A000000, 0x0AFFFFFF), st.integers(0, 32))
def test_a_default_range_is_private_small_and_holds_our_own_address(number: int, prefix: int) -> None:
    own = ipaddress.IPv4Interface((number, prefix))
    ranges, _ = default_ranges([interface("eth0", str(own))])
    judged(bool(ranges))
    for network in ranges:
        assert is_private(network)
        assert network.prefixlen >= 22
        assert own.ip in network


@pytest.mark.parametrize("text", ["8.8.8.0/24", "192.168.0.0/15", "172.32.0.0/16", "0.0.0.0/0", "10.0.0.0/7"])
def test_a_range_with_one_public_address_is_not_private(text: str) -> None:
    assert not is_private(ipaddress.IPv4Network(text))


def test_neighbours_that_never_answered_are_told_from_those_that_did() -> None:
    table = (
        "IP address       HW type     Flags       HW address            Mask     Device\n"
        "192.168.1.9      0x1         0x2         3c:ef:8c:00:00:01     *        eth0\n"
        "192.168.1.10     0x1         0x0         00:00:00:00:00:00     *        eth0\n"
        "192.168.1.9      0x1         0x0         00:00:00:00:00:00     *        eth1\n"
        "short line\n"
    )
    assert parse_neighbours(table) == {"192.168.1.9": True, "192.168.1.10": False}


@given(st.text())
def test_any_neighbour_table_is_read(text: str) -> None:
    assert isinstance(parse_neighbours(text), dict)
