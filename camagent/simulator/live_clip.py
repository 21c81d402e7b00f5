"""A camera's encoder: one clip that plays for ever on the event loop's clock, whoever watches. Knows no
protocol."""

from __future__ import annotations

import asyncio
from typing import Protocol

from camagent.model.rtp_numbers import VIDEO_CLOCK_HZ
from camagent.simulator.bursts import Burst, BurstMaker

PACED_SENDS = 12  # into how many sends a frame is spread: near to what a 100 Mbit/s camera does to a keyframe
PHASES = 8  # of the frame interval, in which equal streams begin
PACED_SHARE = 0.7  # of the frame interval that the sends of one frame fill


class Watcher(Protocol):
    """Whoever is sent the frames."""

    def send(self, burst: Burst) -> None:
        """One frame, or a part of one."""


class LiveSource:
    """Plays one stream to its watchers; runs only while there are any."""

    def __init__(
        self, maker: BurstMaker, *, start_frame: int = 0, paced: bool = False, began_s: float | None = None
    ) -> None:
        self.maker = maker
        self.max_lag_s = 0.0
        """How late the loop was at worst: above half a frame interval a bench measures us, not the client."""
        self._paced = paced
        self._start_frame = start_frame
        self._interval_s = 1 / maker.source.clip.frame_rate_hz
        self._watchers: list[Watcher] = []
        # Many streams: frames are spread over the interval, and keyframes over the clip.
        self._phase_s = (start_frame % PHASES) * self._interval_s / PHASES
        self._began_s = None if began_s is None else began_s - self._phase_s
        self._next = 0
        self._timer: asyncio.TimerHandle | None = None

    def join(self, watcher: Watcher) -> tuple[int, int]:
        """Begin to send to this watcher, in the middle of a GOP as a camera does.

        Returns: sequence number and time stamp of the first packet that it will get (RTP-Info).
        """
        loop = asyncio.get_running_loop()
        if self._began_s is None:
            self._began_s = loop.time() - self._phase_s
        if self._timer is None:
            self._next = int((loop.time() - self._began_s) / self._interval_s) + 1
            self._arm(loop)
        self._watchers.append(watcher)
        burst = self.maker.burst(self._start_frame + self._next)
        return burst.sequence, burst.timestamp

    def leave(self, watcher: Watcher) -> None:
        """Send nothing more to this watcher; unknown ones are ignored."""
        if watcher in self._watchers:
            self._watchers.remove(watcher)
        if not self._watchers and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def rtp_timestamp_now(self) -> int:
        """The RTP time of this moment, for sender reports."""
        elapsed_s = 0.0 if self._began_s is None else asyncio.get_running_loop().time() - self._began_s
        ticks = round((elapsed_s + self._start_frame * self._interval_s) * VIDEO_CLOCK_HZ)
        return (self.maker.identity.first_timestamp + ticks) & 0xFFFFFFFF

    def _arm(self, loop: asyncio.AbstractEventLoop) -> None:
        due_s = (self._began_s or 0.0) + self._next * self._interval_s
        self._timer = loop.call_at(due_s, self._tick, due_s)

    def _tick(self, due_s: float) -> None:
        loop = asyncio.get_running_loop()
        self.max_lag_s = max(self.max_lag_s, loop.time() - due_s)
        burst = self.maker.burst(self._start_frame + self._next)
        if self._paced:
            self._spread(loop, burst, due_s)
        else:
            self._send(burst)
        self._next += 1
        if self._watchers:
            self._arm(loop)
        else:
            self._timer = None

    def _spread(self, loop: asyncio.AbstractEventLoop, burst: Burst, due_s: float) -> None:
        packets = len(burst.starts)
        sends = min(PACED_SENDS, packets)
        for number in range(sends):
            part = burst.part(packets * number // sends, packets * (number + 1) // sends)
            loop.call_at(due_s + number * self._interval_s * PACED_SHARE / sends, self._send, part)

    def _send(self, burst: Burst) -> None:
        for watcher in tuple(self._watchers):
            watcher.send(burst)
