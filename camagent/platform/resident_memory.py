"""Keeps the resident memory of a service that runs for years near what it really holds."""

from __future__ import annotations

import gc

from camagent.platform.process import give_back_memory


def freeze_start() -> None:
    """Take what was loaded at the start out of every later garbage collection; call once, before the work
    begins."""
    gc.unfreeze()  # what was loaded before the loop began has garbage in it too
    gc.collect()
    gc.freeze()
    gc.collect()  # a full collection is due by the size of what this one left: of nothing, not of all modules


def give_back() -> None:
    """Hand freed memory back to the machine."""
    gc.collect()
    give_back_memory()
