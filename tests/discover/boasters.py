"""Hosts that announce cameras at addresses that nobody has, as one process.

python boasters.py OWN_PREFIX SOURCES NETWORK ADDRESSES     (10.1.3 32 10.1 750)
"""

from __future__ import annotations

import re
import socket
import sys

from tests.discover.crowd import GROUP, PORT, addresses, reply

_MESSAGE_ID = re.compile(rb"MessageID[^>]*>([^<]+)<")


def main(own: str, sources: int, network: str, count: int) -> None:
    """Answer every Probe with all addresses, each from one of the sources in turn, until stdin is closed."""
    voices = []
    for number in range(1, sources + 1):
        voice = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        voice.bind((f"{own}.{number}", PORT))
        voices.append(voice)
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.IPPROTO_IP, 49, 0)  # IP_MULTICAST_ALL: its own cable only
    listener.bind((GROUP, PORT))
    member = socket.inet_aton(GROUP) + socket.inet_aton(f"{own}.1")
    listener.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
    print("ready", flush=True)
    while True:
        probe, sender = listener.recvfrom(65535)
        message_id = _MESSAGE_ID.search(probe)
        if message_id is None:
            continue
        for number, address in enumerate(addresses(network, count)):
            voices[number % sources].sendto(reply(address, message_id[1].decode()), sender)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
