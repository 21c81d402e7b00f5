"""Simulated devices that come, go and move in a network of a test's own: `python -m
tests.network.moving_school INTERFACE`.

Each line of its standard input is a JSON list of devices, which take the place of those before; it says
"ready" once they answer, and ends with its standard input. The simulator's own answers to a Probe stay on
loopback, and say nothing of addresses that a device announces for others.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import subprocess
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

from camagent.model.onvif import DISCOVERY_PORT, GROUP_V4
from camagent.simulator.default_school import default_school
from camagent.simulator.probe_answers import MAX_PROBE_BYTES, parse_probe, probe_match
from camagent.simulator.recorder import recorder
from camagent.simulator.school import open_school
from camagent.simulator.simulated_camera import SimulatedCamera
from tests.network.far_school import PASSWORD

HEALTHY = 2  # of the default school


@dataclass(frozen=True)
class Device:
    """One device as the test wants it."""

    address: str
    serial: str
    channels: tuple[int, ...] = ()
    """Of a recorder those that are connected; empty: a camera."""
    announces: tuple[str, ...] = ()
    """Addresses that it announces besides its own."""
    is_open: bool = True
    """False: it announces itself and takes no connection."""

    def simulated(self) -> SimulatedCamera:
        camera = default_school(HEALTHY + 1, PASSWORD)[HEALTHY]
        if self.channels:
            whole = recorder(max(self.channels), PASSWORD)
            streams = tuple(stream for stream in whole.streams if stream.channel in self.channels)
            kept = tuple(video for video in whole.kept if video.channel in self.channels)
            camera = replace(whole, streams=streams, kept=kept)
        mac = "4c:bd:8f:" + ":".join(f"{byte:02x}" for byte in self.serial.encode()[-3:])
        return replace(
            camera,
            address=self.address,
            serial=self.serial,
            mac=mac,
            alive=self.is_open,
            https_port=None,  # its certificate would be new at each start
        )


def devices_of(line: str) -> list[Device]:
    """The devices of one line."""
    rows = json.loads(line)
    return [
        Device(**row | {name: tuple(row.get(name, ())) for name in ("channels", "announces")}) for row in rows
    ]


class Announcer:
    """Answers Probes for all devices of the moment, each from its own address."""

    def __init__(self, interface: str) -> None:
        self.devices: Sequence[Device] = ()
        self.group = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.group.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.group.bind((GROUP_V4, DISCOVERY_PORT))
        self.group.setblocking(False)
        member = struct.pack("4s4si", socket.inet_aton(GROUP_V4), bytes(4), socket.if_nametoindex(interface))
        self.group.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)

    def answer(self) -> None:
        probe, sender = self.group.recvfrom(MAX_PROBE_BYTES)
        wanted = parse_probe(probe)
        for device in self.devices if wanted is not None else ():
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
                own.bind((device.address, 0))
                for number, host in enumerate((device.address, *device.announces)):
                    camera = replace(
                        device.simulated(), address=host, serial=f"{device.serial}{number or ''}"
                    )
                    own.sendto(probe_match(camera, *wanted).encode(), sender)  # type: ignore[misc]


async def serve(interface: str) -> None:
    """One school after the other, until nobody wants another."""
    loop = asyncio.get_running_loop()
    announcer = Announcer(interface)
    loop.add_reader(announcer.group, announcer.answer)
    line = await loop.run_in_executor(None, sys.stdin.readline)
    while line:
        devices = devices_of(line)
        subprocess.run(["ip", "addr", "flush", "dev", interface], check=True)
        for device in devices:
            subprocess.run(["ip", "addr", "add", f"{device.address}/24", "dev", interface], check=True)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(open_school([d.simulated() for d in devices], discovery=False))
            announcer.devices = devices
            print("ready", flush=True)
            line = await loop.run_in_executor(None, sys.stdin.readline)
            announcer.devices = ()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
