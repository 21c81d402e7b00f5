"""Many cameras on several interfaces, as one process: each answers Probes from its own address, a little
later.

python crowd.py SPREAD_MS COUNT NETWORK…      (NETWORK: 10.1, 10.2 … , one an interface)
"""

from __future__ import annotations

import asyncio
import random
import re
import socket
import sys
import uuid

GROUP, PORT = "239.255.255.250", 3702
REPLY_BYTES = 1800  # as long as the ProbeMatches of a camera with thirty scopes: two fragments on Ethernet
_MESSAGE_ID = re.compile(rb"MessageID[^>]*>([^<]+)<")


def addresses(network: str, count: int) -> list[str]:
    """The cameras' addresses in 10.x.0.0/22; 10.x.3.250 is the scanner's, 10.x.3.251 the crowd's own."""
    return [f"{network}.{number // 250}.{number % 250 + 1}" for number in range(count)]


def reply(address: str, relates_to: str) -> bytes:
    """A ProbeMatches datagram as a camera sends it."""
    endpoint = uuid.uuid5(uuid.NAMESPACE_DNS, address)
    start = (
        '<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"'
        ' xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"'
        ' xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"'
        ' xmlns:dn="http://www.onvif.org/ver10/network/wsdl"><s:Header>'
        f"<a:MessageID>urn:uuid:{uuid.uuid4()}</a:MessageID><a:RelatesTo>{relates_to}</a:RelatesTo>"
        "<a:To>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:To>"
        "<a:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/ProbeMatches</a:Action></s:Header><s:Body>"
        "<d:ProbeMatches><d:ProbeMatch><a:EndpointReference>"
        f"<a:Address>urn:uuid:{endpoint}</a:Address></a:EndpointReference>"
        "<d:Types>dn:NetworkVideoTransmitter</d:Types><d:Scopes>onvif://www.onvif.org/name/cam "
    )
    end = (
        f"</d:Scopes><d:XAddrs>http://{address}/onvif/device_service</d:XAddrs>"
        "<d:MetadataVersion>1</d:MetadataVersion></d:ProbeMatch></d:ProbeMatches></s:Body></s:Envelope>"
    )
    scope = "onvif://www.onvif.org/location/a "
    return (start + scope * ((REPLY_BYTES - len(start) - len(end)) // len(scope)) + end).encode()


async def main(spread_s: float, count: int, networks: list[str]) -> None:
    loop = asyncio.get_running_loop()
    chance = random.Random(3702)

    def hear(ear: socket.socket, voices: list[tuple[str, socket.socket]]) -> None:
        probe, sender = ear.recvfrom(65535)
        match = _MESSAGE_ID.search(probe)
        if match is None or b"Probe" not in probe:
            return
        for address, voice in voices:
            answer = reply(address, match[1].decode())
            loop.call_later(chance.random() * spread_s, voice.sendto, answer, sender)

    for network in networks:
        voices = []
        for address in addresses(network, count):
            voice = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            voice.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            voice.bind((address, PORT))
            voices.append((address, voice))
            loop.add_reader(voice, hear, voice, [(address, voice)])
        ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        ear.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        ear.setsockopt(socket.IPPROTO_IP, 49, 0)  # IP_MULTICAST_ALL: each interface hears its own cable only
        ear.bind((GROUP, PORT))
        member = socket.inet_aton(GROUP) + socket.inet_aton(f"{network}.3.251")
        ear.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        loop.add_reader(ear, hear, ear, voices)
    print("ready", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]) / 1000, int(sys.argv[2]), sys.argv[3:]))
