"""A named mutex of Windows: held by the process that made it first, gone with it."""

from __future__ import annotations

import ctypes
import errno
import sys

assert sys.platform == "win32"  # so that the type checker reads the rest with --platform win32 only

_ALREADY_EXISTS = 183  # winerror.h


class Mutex:
    """The name, held until `close`."""

    def __init__(self, name: str) -> None:
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.CreateMutexW.restype = ctypes.c_void_p
        self._handle = kernel.CreateMutexW(None, False, "Local\\" + name.replace("\\", "/"))
        if not self._handle or ctypes.get_last_error() == _ALREADY_EXISTS:
            self.close()
            raise OSError(errno.EADDRINUSE, "name in use")

    def close(self) -> None:
        """Give the name up."""
        if self._handle:
            ctypes.WinDLL("kernel32").CloseHandle(ctypes.c_void_p(self._handle))
            self._handle = None
