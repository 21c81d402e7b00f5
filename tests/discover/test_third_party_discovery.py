"""Peers that we did not write."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from camagent.discover.interfaces import list_interfaces
from camagent.discover.plan import make_plan
from camagent.discover.search import search
from camagent.model.discovery import FoundBy
from camagent.platform.system_clock import SystemClock
from tests.discover.network import Network
from tests.discover.test_search import plan
from tests.peers.launch import missing_peer, onvif_mock

PUBLISHER = Path(__file__).with_name("wsdiscovery_publisher.py")


@contextmanager
def publisher(endpoint: str, xaddr: str) -> Iterator[None]:
    """PyPI WSDiscovery's ThreadedWSPublishing in a process of its own, on loopback."""
    process = subprocess.Popen(
        [sys.executable, str(PUBLISHER), endpoint, xaddr],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # its IPv6 thread complains where there is no IPv6
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        assert process.stdout.readline() == b"ready\n"
        yield
    finally:
        process.stdin.close()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(60)
        process.stdout.close()


def test_wsdiscovery_s_publisher_is_found_on_loopback_by_an_ordinary_user() -> None:
    endpoint = "urn:uuid:11111111-2222-4333-8444-555555555501"
    with publisher(endpoint, "http://127.0.0.1:8801/onvif/device_service"):
        wanted = plan(["lo"])
        # the publisher waits up to 0.5 s
        wanted = replace(wanted, pacing=replace(wanted.pacing, settle_s=2.0))
        discovery = asyncio.run(search(wanted, SystemClock()))
    mine = [
        s for s in discovery.sightings if s.target.endpoint == endpoint
    ]  # other programs may answer here too
    assert [(str(s.target), s.found_by) for s in mine] == [("127.0.0.1:8801", (FoundBy.MULTICAST,))]
    assert mine[0].target.scopes == ("onvif://www.onvif.org/name/Cong",)


def test_wsdiscovery_s_publisher_answers_directed_probes(network: Network) -> None:
    endpoint = "urn:uuid:11111111-2222-4333-8444-555555555502"
    with publisher(endpoint, "http://127.0.0.1:8802/onvif/device_service"):
        wanted = plan(addresses=["127.0.0.1"])
        wanted = replace(wanted, pacing=replace(wanted.pacing, settle_s=2.0))
        discovery = asyncio.run(search(wanted, SystemClock()))
    assert [t.endpoint for t in discovery.devices] == [endpoint]


def test_the_whole_default_search_finds_the_publisher_with_its_usual_timing(network: Network) -> None:
    endpoint = "urn:uuid:11111111-2222-4333-8444-555555555503"
    with publisher(endpoint, "http://127.0.0.1:8803/onvif/device_service"):
        discovery = asyncio.run(search(make_plan(list_interfaces(), ["lo"]), SystemClock()))
    assert [t.endpoint for t in discovery.devices] == [endpoint]
    assert discovery.notes == ()


def test_the_mock_device_of_npm_onvif_is_found() -> None:
    reason = missing_peer("onvif_mock")
    if reason is not None:
        pytest.skip(reason)
    with onvif_mock() as mock:
        done = mock.run(
            [sys.executable, "-m", "camagent", "discover", "--interface", "lo", "--format", "json"]
        )
    (device,) = json.loads(done.stdout)["devices"]
    assert device["port"] == mock.port
    assert device["found_by"] == ["multicast"]
