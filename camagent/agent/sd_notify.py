"""Tells systemd how the service is: ready, alive, reloading, stopping. Nothing is sent where there is no
systemd."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping

MAX_STATUS_CHARS = 200  # one line of `systemctl status`


class Notifier:
    """The notification socket, where there is one."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._path = environment.get("NOTIFY_SOCKET", "")

    def ready(self, status: str) -> None:
        """The service works."""
        self._send(f"READY=1\nSTATUS={_line(status)}")

    def alive(self) -> None:
        """Feed the watchdog."""
        self._send("WATCHDOG=1")

    def status(self, text: str) -> None:
        """One line for `systemctl status`."""
        self._send(f"STATUS={_line(text)}")

    def reloading(self) -> None:
        """A reload has begun; `ready` ends it."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """The service ends."""
        self._send("STOPPING=1")

    def _send(self, text: str) -> None:
        if not self._path:
            return
        address = "\0" + self._path[1:] if self._path.startswith("@") else self._path
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
                out.setblocking(False)
                out.sendto(text.encode(), address)
        except OSError:
            pass  # systemd is gone or does not listen: there is nobody to tell, and the cameras matter more


def _line(text: str) -> str:
    return " ".join(text.split())[:MAX_STATUS_CHARS]
