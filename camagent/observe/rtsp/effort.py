"""How much of our time one peer may take: one that sends too much must not spoil what is measured of the
others. Pure; times are given."""

from __future__ import annotations

# of one read: 120 packets of a heavy keyframe cost a tenth of it, so that usual reads cost no account
NOTED_S = 0.002
LARGE_READ_BYTES = 32 * 1024  # each is timed; of smaller ones, that are many …
TIMED_ONE_IN = 8  # … so few
CALM_S = 0.05  # of a period: who takes less is not suspected any more
LONG_S = 0.02  # of one read: from here on the others notice it (`lag.NOTED_LAG_S` is not far)
PERIOD_S = 1.0
BUDGET_S = 0.2  # in each period: a hundred times what a camera of 4 Mbit/s takes
MAX_RESTS = 5  # periods overdrawn: whatever is sent there, we cannot read it
MIN_READ_BYTES = 4096
NEVER_S = float("-inf")


class Effort:
    """The account of one connection."""

    def __init__(self) -> None:
        self.rests = 0
        """How often the budget of a period was used up."""
        self.suspected = False
        """A read took long by the clock on the wall: they are accounted for, by the processor's."""
        self.costly = False
        """A read took so long that the next ones must be smaller."""
        self._period_ends_s = NEVER_S
        self._spent_s = 0.0

    @property
    def too_much(self) -> bool:
        """It goes on and on."""
        return self.rests >= MAX_RESTS

    def note(self, spent_s: float, reads: int = 1) -> None:
        """One read timed by the clock on the wall, that stands for so many: a long one was ours, or the
        machine did something else meanwhile."""
        if reads * spent_s > NOTED_S:
            self.suspected, self._period_ends_s = True, NEVER_S

    def spend(self, spent_s: float, now_s: float, reads: int = 1) -> float:
        """What one read of a suspect took of the processor; it stands for so many.

        Returns: for how long nothing more may be read, 0.0 mostly.
        """
        if now_s >= self._period_ends_s:
            self.suspected &= self._period_ends_s == NEVER_S or self._spent_s >= CALM_S
            self._period_ends_s, self._spent_s = now_s + PERIOD_S, 0.0
        self._spent_s += reads * spent_s
        self.costly |= spent_s > LONG_S
        if self._spent_s < BUDGET_S:
            return 0.0
        self.rests += 1
        rest_s = max(self._period_ends_s - now_s, self._spent_s - BUDGET_S)
        self._period_ends_s = NEVER_S
        return rest_s
