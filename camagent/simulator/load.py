"""Many equal streams at one address, for measuring clients: no ONVIF, no log-in, each at its own place in the
clip."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from camagent.simulator.bursts import BurstMaker, RtpIdentity, packetized
from camagent.simulator.clips import load_clip
from camagent.simulator.describe import Description
from camagent.simulator.live_clip import LiveSource
from camagent.simulator.rtsp_server import RtspServer
from camagent.simulator.rtsp_shared import Mount, RtspSettings
from camagent.simulator.school import not_listening


@dataclass(frozen=True, slots=True)
class LoadOrder:
    """What to serve: paths /0 … /N-1 all play the same clip."""

    streams: int
    clip_name: str = "load_1080p_h264"
    paced: bool = False
    """A frame goes out in several sends, as from a camera; else in one."""
    address: str = "127.0.0.1"
    port: int = 8554


@asynccontextmanager
async def open_load(order: LoadOrder) -> AsyncIterator[RtspServer]:
    """Serve the streams until the end of the block.

    Raises: UnknownClip; OperatorError where the port is taken.
    """
    clip = load_clip(order.clip_name)
    # One maker for all: a frame that one stream has played is played by another a moment later.
    maker = BurstMaker(
        packetized(order.clip_name), RtpIdentity(0x5EED, 65_000, 4_294_000_000), len(clip.frames) + 10
    )
    began_s = asyncio.get_running_loop().time()
    mounts = {
        f"/{number}": Mount(_source(maker, number, began_s, order.paced), Description(clip))
        for number in range(order.streams)
    }
    server = RtspServer(RtspSettings(order.address, order.port), mounts)
    try:
        await server.start()
    except OSError as error:
        raise not_listening(f"RTSP {order.address}:{order.port}", error) from error
    try:
        yield server
    finally:
        await server.close()


def _source(maker: BurstMaker, number: int, began_s: float, paced: bool) -> LiveSource:
    return LiveSource(maker, start_frame=number % len(maker.source.frames), paced=paced, began_s=began_s)
