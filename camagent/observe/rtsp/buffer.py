"""The one receive buffer of an event loop: its content is gone when a connection's turn is over."""

from __future__ import annotations

import asyncio
from weakref import WeakKeyDictionary

from camagent.observe.rtsp.messages import MAX_BODY_BYTES, MAX_HEAD_BYTES

RECEIVE_BYTES = 256 * 1024  # of one read: an IDR of a 4 Mbit/s stream (165 kB) in one system call
TAIL_BYTES = 4 + 65535 + MAX_HEAD_BYTES + MAX_BODY_BYTES  # the longest incomplete message

_buffers: WeakKeyDictionary[asyncio.AbstractEventLoop, bytearray] = WeakKeyDictionary()


def shared_buffer(loop: asyncio.AbstractEventLoop) -> bytearray:
    """Of this loop: room for a tail, then for one read."""
    buffer = _buffers.get(loop)
    if buffer is None:
        buffer = _buffers[loop] = bytearray(TAIL_BYTES + RECEIVE_BYTES)
    return buffer
