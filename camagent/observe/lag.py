"""How late this process itself is: an event loop that runs late measures wrong rates. I/O: a timer."""

from __future__ import annotations

import asyncio
from collections import deque
from weakref import WeakKeyDictionary

TICK_S = 0.1
NOTED_LAG_S = 0.05  # below it nothing is remembered: any busy machine is that late
MAX_NOTES = 512  # the latest; a watch asks about its own window only

_meters: WeakKeyDictionary[asyncio.AbstractEventLoop, LagMeter] = WeakKeyDictionary()


class LagMeter:
    """Ticks while somebody watches, and remembers when a tick came late."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._watchers = 0
        self._timer: asyncio.TimerHandle | None = None
        self._notes: deque[tuple[float, float]] = deque(maxlen=MAX_NOTES)

    def start(self) -> float:
        """Begin to watch; returns the loop's time, to be given to `stop`."""
        self._watchers += 1
        if self._timer is None:
            self._schedule()
        return self._loop.time()

    def stop(self, since_s: float) -> float:
        """End watching; returns the longest lag since then in seconds (0.0 where it was never worth
        noting)."""
        self._watchers -= 1
        now_s = self._loop.time()
        overdue_s = now_s - self._timer.when() if self._timer else 0.0
        if self._watchers == 0 and self._timer is not None:
            self._timer.cancel()
            self._timer = None
        return max([overdue_s, 0.0, *(lag for at, lag in self._notes if at >= since_s)])

    def _schedule(self) -> None:
        self._timer = self._loop.call_later(TICK_S, self._tick, self._loop.time() + TICK_S)

    def _tick(self, due_s: float) -> None:
        now_s = self._loop.time()
        if now_s - due_s > NOTED_LAG_S:
            self._notes.append((now_s, now_s - due_s))
        self._schedule()


def lag_meter() -> LagMeter:
    """The meter of the running loop."""
    loop = asyncio.get_running_loop()
    meter = _meters.get(loop)
    if meter is None:
        meter = _meters[loop] = LagMeter(loop)
    return meter
