"""Secrets bound to the Windows user who wrote them: DPAPI (CryptProtectData of crypt32), through ctypes."""

from __future__ import annotations

import ctypes
import sys

assert sys.platform == "win32"  # so that the type checker reads the rest with --platform win32 only

_NO_DIALOG = 0x1  # CRYPTPROTECT_UI_FORBIDDEN


class _Blob(ctypes.Structure):
    _fields_ = [("size", ctypes.c_ulong), ("data", ctypes.POINTER(ctypes.c_ubyte))]


def protect(secret: bytes) -> bytes:
    """The secret, encrypted for this user on this machine."""
    return _call("CryptProtectData", secret)


def unprotect(stored: bytes) -> bytes:
    """What `protect` was given."""
    return _call("CryptUnprotectData", stored)


def _call(name: str, content: bytes) -> bytes:
    source = (ctypes.c_ubyte * len(content)).from_buffer_copy(content)
    source_blob, sealed_blob = _Blob(len(content), source), _Blob()
    function = getattr(ctypes.WinDLL("crypt32", use_last_error=True), name)
    if not function(ctypes.byref(source_blob), None, None, None, None, _NO_DIALOG, ctypes.byref(sealed_blob)):
        raise ctypes.WinError(ctypes.get_last_error())
    try:
        return ctypes.string_at(sealed_blob.data, sealed_blob.size)
    finally:
        kernel = ctypes.WinDLL("kernel32")
        kernel.LocalFree.argtypes = [ctypes.c_void_p]
        kernel.LocalFree(ctypes.cast(sealed_blob.data, ctypes.c_void_p))
