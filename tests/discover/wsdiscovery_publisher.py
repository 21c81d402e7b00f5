"""PyPI WSDiscovery's publisher as a peer, on the loopback interface only: publishes one camera until stdin
closes."""

from __future__ import annotations

import ipaddress
import socket
import sys

import wsdiscovery.threaded
from wsdiscovery import QName, Scope
from wsdiscovery.publishing import ThreadedWSPublishing


def main() -> None:
    def loopback_only(protocol_version: int) -> list[ipaddress.IPv4Address]:
        return [ipaddress.IPv4Address("127.0.0.1")] if protocol_version == socket.AF_INET else []

    wsdiscovery.threaded._getNetworkAddrs = loopback_only
    publisher = ThreadedWSPublishing(uuid_=sys.argv[1])
    publisher.start()
    types = [QName("http://www.onvif.org/ver10/network/wsdl", "NetworkVideoTransmitter")]
    publisher.publishService(
        types=types, scopes=[Scope("onvif://www.onvif.org/name/Cong")], xAddrs=[sys.argv[2]]
    )
    print("ready", flush=True)
    sys.stdin.read()
    publisher.stop()


if __name__ == "__main__":
    main()
