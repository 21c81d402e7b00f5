"""Simulated cameras at addresses of a test's own network: `python -m tests.network.far_school ADDRESS…`.

Says "ready" once they answer; ends with its standard input.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace

from camagent.simulator.default_school import default_school
from camagent.simulator.school import open_school

PASSWORD = "sim-hunter2"
HEALTHY = (0, 1, 3)  # of the default school


async def serve(addresses: list[str]) -> None:
    """Cameras until nobody listens any more."""
    kinds = [default_school(12, PASSWORD)[kind] for kind in HEALTHY]
    cameras = [replace(kind, address=address) for kind, address in zip(kinds, addresses, strict=True)]
    async with open_school(cameras, discovery=False):
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1:]))
