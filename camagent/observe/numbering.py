"""Whether the sequence numbers of packets really count packets. Pure."""

from __future__ import annotations

from collections import Counter, deque

REMEMBERED = 32  # steps from packet to packet
FEWEST = 8  # steps; with fewer, one restart and what was sent twice look like a rule
MOSTLY = 0.9
BACKWARDS = 0.25  # inside one connection nothing comes late; restarts and packets sent twice are rarer
_HALF = 0x8000


class Numbering:
    """Watches how numbers go on, best inside one connection, where what is sent first comes first.

    Numbers that stand still, run backwards, jump about or go in steps of two tell neither loss nor order.
    Numbers that only leave some out are those of a sender that lost packets itself.
    """

    def __init__(self, first: int, in_order: bool = True) -> None:
        """`first`: the first packet's extended number; `in_order`: packets cannot overtake each other."""
        self.senseless = False
        self._in_order = in_order
        self._previous = first - 1
        self._next = first
        self._steps: deque[int] = deque(maxlen=REMEMBERED)
        self._repeats: list[int] = []
        """Steps back to packets that came before, until it is known where the numbers go on."""

    def note(self, sequence: int, next_number: int, foreign: int, came_before: bool = False) -> None:
        """A packet out of turn.

        `next_number`: the extended one that was expected, all below it since the packet before came in turn;
        `foreign`: packets of other payload types meanwhile, which may have taken numbers; `came_before`: one
        of this number and time stamp did.
        """
        in_turn = next_number - self._next
        if in_turn > 0:
            self._steps.extend((1,) * min(in_turn, REMEMBERED))
            self._previous = next_number - 1
        else:
            self._steps.extend(self._repeats)
        self._repeats.clear()
        step = ((sequence - self._previous + _HALF) & 0xFFFF) - _HALF
        if came_before and step < 0:  # where the next one is in turn, this one was sent again and no more
            self._repeats.append(step)
        else:
            self._steps.append(1 if 1 <= step <= 1 + foreign else step)
        self._previous = sequence
        self.senseless = self.senseless or self._tells_nothing()

    def went_on(self, next_number: int) -> None:
        """The packet that was noted has been dealt with, and this one is expected now."""
        self._next = next_number

    def _tells_nothing(self) -> bool:
        count = len(self._steps)
        back = sum(step <= 0 for step in self._steps)
        if not self._in_order:  # no network turns nine of ten round
            return count == REMEMBERED and back >= MOSTLY * count
        if count < FEWEST:
            return False
        if back >= MOSTLY * count or (count == REMEMBERED and back >= BACKWARDS * count):
            return True
        usual, times = Counter(self._steps).most_common(1)[0]
        return usual != 1 and times >= MOSTLY * count
