"""A large school: every camera of every interface, whatever the burst."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import chain

import pytest

from camagent.discover.interfaces import list_interfaces
from camagent.discover.plan import make_plan
from camagent.discover.search import search
from camagent.platform.system_clock import SystemClock
from tests.discover.crowd import addresses
from tests.discover.network import Network, crowd_on

NETWORKS = ("10.1", "10.2")


@pytest.mark.alone
@pytest.mark.parametrize("spread_ms", [500, 0], ids=["spread over half a second", "all at once"])
def test_500_cameras_on_two_interfaces_are_500(
    network: Network, far_network: Network, spread_ms: int
) -> None:
    with crowd_on(network, far_network, NETWORKS, 250, spread_ms):
        plan = replace(make_plan(list_interfaces()), subnets=())
        discovery = asyncio.run(search(plan, SystemClock()))
    assert {t.host for t in discovery.devices} == set(
        chain.from_iterable(addresses(prefix, 250) for prefix in NETWORKS)
    )
    assert len(discovery.devices) == 500
    assert discovery.interfaces == ("eth1", "eth2")
    assert discovery.malformed_datagrams == 0


@pytest.mark.alone
def test_a_sweep_of_two_ranges_finds_every_camera_without_multicast(
    network: Network, far_network: Network
) -> None:
    # 2,044 addresses, most of them dead: unresolved neighbours fill the send buffer and must not lose a probe
    with crowd_on(network, far_network, NETWORKS, 60, 500):
        plan = make_plan(list_interfaces(), subnets=["10.1.0.0/22", "10.2.0.0/22"])
        discovery = asyncio.run(search(replace(plan, interfaces=()), SystemClock()))
    assert {t.host for t in discovery.devices} == set(
        chain.from_iterable(addresses(prefix, 60) for prefix in NETWORKS)
    )
    assert discovery.subnets == ("10.1.0.0/22", "10.2.0.0/22")
    assert discovery.addresses_probed == 2044
