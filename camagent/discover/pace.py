"""How fast we may knock: an even rate that can be lowered, never bursts."""

from __future__ import annotations

from camagent.clock import Clock

SLOWEST_HZ = 20.0  # slower than this a /24 takes minutes a port, and no router was seen to need it
_MIN_SLEEP_S = 0.005  # below the event loop's useful resolution: a few turns are taken together


class Pace:
    """Turns at an even rate on the given clock."""

    def __init__(self, rate_hz: float, clock: Clock) -> None:
        self._clock = clock
        self._interval_s = 1.0 / rate_hz
        self._next_s = clock.monotonic_s()

    @property
    def rate_hz(self) -> float:
        """Turns a second as of now."""
        return 1.0 / self._interval_s

    async def turn(self) -> None:
        """Wait until it is our turn. A late caller gets no credit: what was missed is not caught up in a burst."""
        now_s = self._clock.monotonic_s()
        self._next_s = max(self._next_s, now_s - _MIN_SLEEP_S) + self._interval_s
        if self._next_s - now_s > _MIN_SLEEP_S:
            await self._clock.sleep(self._next_s - now_s)

    def slower(self) -> bool:
        """Halve the rate; False where it is at its lowest already."""
        if self.rate_hz <= SLOWEST_HZ:
            return False
        self._interval_s = min(self._interval_s * 2, 1.0 / SLOWEST_HZ)
        return True
