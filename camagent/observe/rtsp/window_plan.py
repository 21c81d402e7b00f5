"""What one window of watching is for: how long, and which pictures are kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from camagent.model.stream import TransportChoice
from camagent.observe.kept_pictures import PictureMemory
from camagent.observe.receiver import TrackReceiver

_memories: WeakKeyDictionary[asyncio.AbstractEventLoop, PictureMemory] = WeakKeyDictionary()


def picture_memory() -> PictureMemory:
    """What all watches of this loop share."""
    return _memories.setdefault(asyncio.get_running_loop(), PictureMemory())


# of the window: 3.6 s of ten; the next keyframe is then 4 s on where they are 2 s apart
PICTURES_APART = 0.36


@dataclass(frozen=True, slots=True)
class WindowPlan:
    """What to watch for."""

    window_s: float
    transport: TransportChoice
    pictures: int
    on_pictures: Callable[[TrackReceiver], None]
    """Called once, as soon as all wanted pictures are there."""


def picture_times_s(window_s: float, wanted: int) -> tuple[float, ...]:
    """From when on each keyframe is wanted, counted from the first frame.

    Not evenly: half a window of ten seconds later, a short clip that is played over and over is often at the
    same place, and looks frozen.
    """
    apart_s = window_s * min(PICTURES_APART, 1 / max(wanted, 1))
    return tuple(apart_s * number for number in range(wanted))
