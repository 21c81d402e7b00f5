"""Keeps the resident memory of a service that runs for years near what it really holds. Knows glibc only."""

from __future__ import annotations

import ctypes
import gc


def settle() -> None:
    """Take what was loaded at the start out of every later garbage collection; call once, before the work begins."""
    gc.collect()
    gc.freeze()


def give_back() -> None:
    """Hand freed memory back to the machine: glibc would keep what a busy round needed until the next."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
