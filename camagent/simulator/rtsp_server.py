"""A camera's RTSP server (RFC 2326): the listening socket, and every connection that it accepts.

It trusts its peers no further than its bounds, but it is a server for tests and demonstrations, not for a
network.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from camagent.simulator.rtsp_connection import ServedConnection
from camagent.simulator.rtsp_shared import Mount, RtspSettings, RtspShared

BACKLOG = 512  # clients of a load test that connect in the same moment


class RtspServer(RtspShared):
    """The listening socket over what its connections share."""

    def __init__(self, settings: RtspSettings, mounts: Mapping[str, Mount]) -> None:
        super().__init__(settings, mounts)
        self._listener: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port that it really listens on."""
        if self._listener is None:
            return self.settings.port
        return int(self._listener.sockets[0].getsockname()[1])

    async def start(self) -> None:
        """Listen.

        Raises: OSError where the address is taken.
        """
        loop, settings = asyncio.get_running_loop(), self.settings
        self._listener = await loop.create_server(
            lambda: ServedConnection(self), settings.address, settings.port, ssl=settings.tls, backlog=BACKLOG
        )

    async def close(self) -> None:
        """Stop listening and drop every connection."""
        if self._listener is not None:
            self._listener.close()
        for connection in tuple(self.connections):
            connection.drop()
        self.close_datagrams()
