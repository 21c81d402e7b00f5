"""`python -m guide.cabled_school`: a simulated school behind a virtual cable, in a network of its own.

Each camera has an address and a MAC of its own on the cable `cam0`, as cameras on a switch have; whoever
started us puts the cable's end into our network. The school ends with its standard input.
"""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

from camagent.simulator.default_school import USER, default_school
from camagent.simulator.school import open_school
from camagent.simulator.simulated_camera import SimulatedCamera

CABLE = "cam0"
NETWORK = "192.168.1"
FIRST_HOST = 61
KINDS = (0, 1, 2, 3, 4, 6)
"""Of the default school: three in good order, one set wrongly, one too old, one without a time server."""
START_BUDGET_S = 20.0  # on a machine with other work


def cameras(password: str) -> tuple[SimulatedCamera, ...]:
    """The school of the guide, at a switch's usual addresses and ports."""
    kinds = default_school(max(KINDS) + 1, password)
    return tuple(
        replace(kinds[kind], address=f"{NETWORK}.{FIRST_HOST + number}", http_port=80, rtsp_port=554)
        for number, kind in enumerate(KINDS)
    )


def ip(*command: str) -> None:
    """`ip COMMAND` in the network of this process."""
    subprocess.run(["ip", *command], check=True, timeout=10)


def _plug_in(school: tuple[SimulatedCamera, ...]) -> None:
    """Wait for the cable, and give each camera its place on it."""
    until_s = time.monotonic() + START_BUDGET_S
    while CABLE not in (name for _, name in socket.if_nameindex()):
        if time.monotonic() > until_s:
            sys.exit("no cable")
        time.sleep(0.05)
    # Each camera answers ARP for its own address only.
    for name in ("arp_ignore", "arp_announce"):
        Path(f"/proc/sys/net/ipv4/conf/all/{name}").write_text("1" if name == "arp_ignore" else "2")
    ip("link", "set", "lo", "up", "multicast", "on")
    ip("route", "add", "224.0.0.0/4", "dev", "lo")
    ip("link", "set", CABLE, "up")
    for number, camera in enumerate(school):
        name = f"camera{number}"
        ip("link", "add", name, "link", CABLE, "address", camera.mac, "type", "macvlan", "mode", "bridge")
        ip("addr", "add", f"{camera.address}/24", "dev", name)
        ip("link", "set", name, "up")


async def _stand(school: tuple[SimulatedCamera, ...]) -> None:
    async with open_school(school):
        print(json.dumps({"user": USER, "cameras": [camera.address for camera in school]}), flush=True)
        await asyncio.to_thread(sys.stdin.read)


def main() -> None:
    """Password of the cameras on the first line of standard input; runs until that ends."""
    school = cameras(sys.stdin.readline().strip())
    _plug_in(school)
    asyncio.run(_stand(school))


if __name__ == "__main__":
    main()
