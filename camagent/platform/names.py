"""A name that only one process of this machine can hold at a time; it is free again when the process
ends."""

from __future__ import annotations

import sys
from typing import Protocol


class Claim(Protocol):
    """A name that is held."""

    def close(self) -> None:
        """Give the name up."""


def claim(name: str) -> Claim:
    """Hold the name.

    Raises: OSError where another process holds it.
    """
    if sys.platform == "win32":
        from camagent.platform.windows_mutex import Mutex

        return Mutex(name)
    import socket

    held = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        held.bind(f"\0{name}")  # an abstract name: gone with the process
    except OSError:
        held.close()
        raise
    return held
