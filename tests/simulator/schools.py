"""Simulated cameras at addresses of this test process alone: several runs on one machine do not meet."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, TypeVar

from camagent.simulator.default_school import default_school
from camagent.simulator.school import SimulatedSchool, open_school
from camagent.simulator.simulated_camera import SimulatedCamera

PASSWORD = "Hoc-sinh-7"
T = TypeVar("T")


def own_school(cameras: int = 12) -> list[SimulatedCamera]:
    """The default school with free ports, at addresses and under serials of this process."""
    subnet = f"127.10.{100 + os.getpid() % 150}"
    return [
        replace(
            camera,
            address=f"{subnet}.{number}",
            serial=f"{camera.serial}P{os.getpid()}",
            http_port=0,
            rtsp_port=0,
            https_port=0,
        )
        for number, camera in enumerate(default_school(cameras, PASSWORD), 1)
    ]


def in_school(
    cameras: list[SimulatedCamera],
    act: Callable[[SimulatedSchool], Coroutine[Any, Any, T]],
    *,
    discovery: bool = False,
) -> T:
    """Run something while these cameras stand."""

    async def run() -> T:
        async with open_school(cameras, discovery=discovery) as school:
            return await act(school)

    return asyncio.run(run())
