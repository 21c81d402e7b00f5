"""PyPI WSDiscovery's client on the loopback interface only: prints endpoint -> XAddrs as JSON."""

from __future__ import annotations

import ipaddress
import json
import socket

import wsdiscovery.threaded
from wsdiscovery.discovery import ThreadedWSDiscovery

WAIT_S = 4


def loopback_only(protocol_version: int) -> list[ipaddress.IPv4Address]:
    return [ipaddress.IPv4Address("127.0.0.1")] if protocol_version == socket.AF_INET else []


wsdiscovery.threaded._getNetworkAddrs = loopback_only
client = ThreadedWSDiscovery()
client.start()
print(
    json.dumps(
        {service.getEPR(): list(service.getXAddrs()) for service in client.searchServices(timeout=WAIT_S)}
    )
)
client.stop()
