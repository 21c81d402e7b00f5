"""How fast ports may be tried: an even rate that can be lowered, never bursts; and when it must be."""

from __future__ import annotations

from collections import deque

from camagent.model.clock import Clock

SLOWEST_HZ = 20.0  # slower than this a /24 takes minutes a port, and no router was seen to need it
_MIN_SLEEP_S = 0.005  # below the event loop's useful resolution: a few turns are taken together
# of questions to addresses that answer their closed ports: something between us is giving way
LOSING_RATIO = 0.2
LOSING_AT_LEAST = 8  # fewer silences than this are single packets
LOSING_WINDOW = 64  # the latest questions that are looked at


class Pace:
    """Turns at an even rate on the given clock."""

    def __init__(self, rate_hz: float, clock: Clock) -> None:
        self._clock = clock
        self._interval_s = 1.0 / rate_hz
        self._next_s = clock.monotonic_s()
        self._lost: deque[bool] = deque(maxlen=LOSING_WINDOW)

    @property
    def rate_hz(self) -> float:
        """Turns a second as of now."""
        return 1.0 / self._interval_s

    async def turn(self) -> None:
        """Wait until it is our turn. A late caller gets no credit: what was missed is not caught up in a
        burst."""
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

    def heard(self, silent: bool) -> bool:
        """One more question to an address that refuses its closed ports at once: was it lost?

        Silence of such an address is no firewall, so in numbers it is our own doing. Returns: True where the
        rate was halved for it.
        """
        self._lost.append(silent)
        lost = sum(self._lost)
        if lost < LOSING_AT_LEAST or lost < LOSING_RATIO * len(self._lost):
            return False
        self._lost.clear()
        return self.slower()
