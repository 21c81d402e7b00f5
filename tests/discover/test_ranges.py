"""Whole ranges at the pace that is shipped: everything found, in the time that a person was told."""

from __future__ import annotations

import asyncio
import ipaddress

import pytest

from camagent.discover.interfaces import list_interfaces
from camagent.discover.plan import make_plan
from camagent.discover.search import search
from camagent.model.discovery import Discovery
from camagent.platform.system_clock import SystemClock
from tests.discover.network import Network
from tests.discover.ranges import ONVIF_THERE, RTSP_ONLY_THERE, Hosts, all_kinds, behind_a_router, full_wire

LOADED_MACHINE = 1.5  # the bounds hold on a quiet machine with room; tests run beside each other


def searched(network: str) -> Discovery:
    return asyncio.run(search(make_plan(list_interfaces(), subnets=[network]), SystemClock()))


@pytest.mark.slow
@pytest.mark.parametrize("verdict", ["blackhole", "prohibit", "unreachable"])
def test_a_range_behind_a_router_takes_half_a_minute(
    network: Network, far_network: Network, verdict: str
) -> None:
    with behind_a_router(network, far_network, "10.9.0.0/24", verdict):
        discovery = searched("10.9.0.0/24")
    first = ipaddress.IPv4Address("10.9.0.0")
    assert [t.host for t in discovery.devices] == [str(first + last) for last in ONVIF_THERE]
    assert [row.host for row in discovery.rtsp_only] == [str(first + last) for last in RTSP_ONLY_THERE]
    assert {t.host: t.path for t in discovery.devices}["10.9.0.12"] == "/onvif/services"
    assert (discovery.addresses_answered, discovery.subnets) == (8, ("10.9.0.0/24",))
    assert discovery.elapsed_s < 30 * LOADED_MACHINE, discovery.elapsed_s


@pytest.mark.slow
def test_a_wire_with_160_hosts_of_all_kinds(network: Network, far_network: Network) -> None:
    hosts, walls = all_kinds(140), [f"10.7.0.{number}" for number in range(141, 161)]
    with full_wire(network, far_network, hosts, walls):
        discovery = searched("10.7.0.0/24")
    kinds = {address: {kind for _, kind, _ in rows} for address, rows in hosts.items()}
    cameras = {address for address, spoken in kinds.items() if spoken & {"onvif", "services"}}
    speakers = {address for address, spoken in kinds.items() if "rtsp" in spoken}
    assert {t.host for t in discovery.devices} == cameras and len(cameras) == 42
    assert {row.host for row in discovery.rtsp_only} == speakers and len(speakers) == 14
    assert discovery.addresses_answered == 141  # and ourselves
    assert [note.detail for note in discovery.notes if note.code == "silent_neighbours"] == [", ".join(walls)]
    assert "slowed_down" not in {note.code for note in discovery.notes}
    assert discovery.elapsed_s < 15 * LOADED_MACHINE, discovery.elapsed_s


@pytest.mark.slow
def test_who_drops_what_is_closed_is_found_at_its_one_open_port(
    network: Network, far_network: Network
) -> None:
    far_network.run("rule add from 10.7.0.5 ipproto tcp sport 10080 lookup main pref 10")
    far_network.run("rule add from 10.7.0.5 blackhole pref 20")
    hosts: Hosts = {"10.7.0.5": [(10080, "onvif", 0.0), (8000, "web", 0.0)]}
    with full_wire(network, far_network, hosts):
        discovery = searched("10.7.0.0/28")
    assert list(map(str, discovery.devices)) == ["10.7.0.5:10080"]
