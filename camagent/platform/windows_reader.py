"""Reading datagram sockets on Windows, whose event loop has no `add_reader`: one thread that waits for all of
them.

The loop that can start processes there (the decoder is one) cannot watch sockets; `select` in a thread can.
The callback itself runs on the loop, as on Linux: the thread only says that there is something to read.
"""

from __future__ import annotations

import asyncio
import contextlib
import select
import socket
import threading
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

IDLE_S = 1.0  # a thread without sockets looks this often whether it is still wanted
_readers: WeakKeyDictionary[asyncio.AbstractEventLoop, SocketReader] = WeakKeyDictionary()


class SocketReader:
    """The reading thread of one event loop; it ends with the last socket."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._lock = threading.Lock()
        self._ready: dict[socket.socket, tuple[Callable[..., None], tuple[Any, ...]]] = {}
        self._pending: set[socket.socket] = set()
        """Sockets whose callback has not run yet: not asked again until it has."""
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.setblocking(False)
        self._wake_out.setblocking(False)
        self._thread: threading.Thread | None = None

    def add(self, sock: socket.socket, ready: Callable[..., None], *args: Any) -> None:
        """Begin to watch a socket."""
        with self._lock:
            self._ready[sock] = (ready, args)
            if self._thread is None:
                self._thread = threading.Thread(target=self._wait, name="datagrams", daemon=True)
                self._thread.start()
        self._wake()

    def remove(self, sock: socket.socket) -> None:
        """Stop watching a socket, known or not."""
        with self._lock:
            self._ready.pop(sock, None)
            self._pending.discard(sock)
        self._wake()

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError):  # it is full: the thread wakes anyway
            self._wake_out.send(b"\0")

    def _wait(self) -> None:
        while True:
            with self._lock:
                if not self._ready:
                    self._thread = None
                    return
                sockets = [sock for sock in self._ready if sock not in self._pending and sock.fileno() >= 0]
            try:
                readable, _, _ = select.select([self._wake_in, *sockets], [], [], IDLE_S)
            except (OSError, ValueError):
                continue  # a socket was closed while we waited: the next list is without it
            if self._wake_in in readable:
                with contextlib.suppress(BlockingIOError):
                    self._wake_in.recv(4096)
            for sock in readable:
                if sock is not self._wake_in and not self._announce(sock):
                    return

    def _announce(self, sock: socket.socket) -> bool:
        with self._lock:
            self._pending.add(sock)
        try:
            self._loop.call_soon_threadsafe(self._run, sock)
        except RuntimeError:
            return False  # the loop is closed: nobody is there to be told
        return True

    def _run(self, sock: socket.socket) -> None:
        entry = self._ready.get(sock)
        if entry is not None:
            entry[0](*entry[1])
        with self._lock:
            self._pending.discard(sock)
        self._wake()


def reader_of(loop: asyncio.AbstractEventLoop) -> SocketReader:
    """The reader of that loop, made at its first use."""
    reader = _readers.get(loop)
    if reader is None:
        reader = _readers[loop] = SocketReader(loop)
    return reader
