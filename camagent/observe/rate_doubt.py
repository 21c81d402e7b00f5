"""How far a frame rate may be wrong where stamps and arrivals part, and in which way they do. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import fmean, median

from camagent.observe.stamp_pace import ArrivalPace

MAX_DOUBT = 3.0  # of a rate: nobody's stamps run three times too slow
LONG_WAIT = 3.0  # of the usual wait for a frame: something was held back
UNSEEN_DELAY_S = 0.1  # what the network may have added where it cannot be seen
FIRST_FRAMES, EDGE, LAST_FRAMES = 5, 9, 3  # of so many, and of a ninth at the beginning, one is timely
ENDS = 2  # frames more or less, where a window begins and ends
SILENCE = 4.5  # of the usual wait, once: no change of the rate
HEAPED = 0.5  # of the time between the stamps of the last ones: they came together
HONEST_DRIFT = 0.015  # crystals differ by 1e-4; lies that somebody meant, by 3 % and more
LEVEL_S = 0.03  # frames so little later than one another keep to their stamps
LEVEL_FRAMES = 8
LEVEL_MOVES = 4.0  # of that band: so far a lie would have led in the same time
BENT_SHARE = 0.12  # of the whole growth: a steady drift goes no further from its line …
BENT_NOISE = 3.0  # … or of the usual step from frame to frame
QUEUE_S = 1.2  # an encoder that cannot keep up holds so much at most, and then leaves out frames
LONG_LOOK_S = 8.0  # one that fills a queue evenly for so long is hardly met


def unseen(arrivals_s: Sequence[float]) -> float:
    """How far a rate may be wrong (a ratio) where nothing shows what the network held back."""
    span_s = arrivals_s[-1] - arrivals_s[0]
    longest_s = max((b - a for a, b in pairwise(arrivals_s)), default=0.0)
    return (longest_s + UNSEEN_DELAY_S) / span_s if span_s > 0 else 1.0


def stretched(arrivals_s: Sequence[float], stamped_span_s: float) -> float:
    """How far too slow the stamps may be (a ratio), if what came after a silence had waited through it."""
    waits = [b - a for a, b in pairwise(arrivals_s)]
    usual_s = median(waits) if waits else 0.0
    held_back_s = sum(wait - usual_s for wait in waits if wait > LONG_WAIT * usual_s)
    sent_s = arrivals_s[-1] - arrivals_s[0] - held_back_s
    return min(MAX_DOUBT, stamped_span_s / sent_s - 1) if sent_s > 0 else MAX_DOUBT


def between(mean_hz: float, steady_hz: float, arrivals_s: Sequence[float]) -> float:
    """How far (a ratio of the second) a mean of arrivals is from the steady pace of the timely ones."""
    apart = abs(mean_hz / steady_hz - 1)
    return apart + UNSEEN_DELAY_S / (arrivals_s[-1] - arrivals_s[0]) if apart > HONEST_DRIFT else apart


def end_to_end(arrivals_s: Sequence[float], sent_s: Sequence[float]) -> float:
    """How far stamps and arrivals are apart (a ratio), from the timely frames at the beginning to the end.

    With frames more or less, where that is more than clocks differ.
    """
    count, span_s = len(arrivals_s), arrivals_s[-1] - arrivals_s[0]
    if count < 2 or span_s <= 0:
        return 0.0
    first = max(FIRST_FRAMES, count // EDGE)
    first_s = min([a - s for a, s in zip(arrivals_s[:first], sent_s[:first], strict=True)])
    apart = abs(arrivals_s[-1] - sent_s[-1] - first_s) / span_s
    if apart <= HONEST_DRIFT:
        return apart  # as nearly always
    delays_s = [a - s for a, s in zip(arrivals_s, sent_s, strict=True)]
    usual_s = median(b - a for a, b in pairwise(arrivals_s))
    apart = abs(_last_s(arrivals_s, sent_s, delays_s) - first_s) / span_s
    return apart + ENDS * usual_s / span_s if apart > HONEST_DRIFT else apart


def _last_s(arrivals_s: Sequence[float], sent_s: Sequence[float], delays_s: Sequence[float]) -> float:
    """The delay at the end. A last heap of frames that a silence held back shows nothing of the sender: what
    came before it does."""
    waits_s = [b - a for a, b in pairwise(arrivals_s)]
    usual_s, end = median(waits_s), max(0, len(delays_s) - LAST_FRAMES)
    steps_s = [b - a for a, b in pairwise(sent_s[end:])]
    if sum(waits_s[end:]) < HEAPED * (max(sent_s[end:]) - min(sent_s[end:])):
        silences = [row for row, wait_s in enumerate(waits_s) if wait_s > LONG_WAIT * usual_s]
        return min(delays_s[max(0, min(end, (silences or [end])[-1] + 1 - LAST_FRAMES)) :])
    silent = waits_s[-1] > SILENCE * usual_s and waits_s[-2] <= LONG_WAIT * usual_s
    if silent or min(steps_s) < 0:
        return min(delays_s[end:])
    return delays_s[-1]


def has_level_ground(arrivals_s: Sequence[float], sent_s: Sequence[float], drift: float) -> bool:
    """For a while frames kept to their stamps: stamps that lie, and lead away as fast, do so always."""
    delays_s = _delays_s(arrivals_s, sent_s)
    least_s = LEVEL_MOVES * LEVEL_S / abs(drift) if drift else 0.0
    start, low_s, high_s = 0, delays_s[0], delays_s[0]
    for row, delay_s in enumerate(delays_s):
        low_s, high_s = min(low_s, delay_s), max(high_s, delay_s)
        while high_s - low_s > LEVEL_S:
            start += 1
            low_s, high_s = min(delays_s[start : row + 1]), max(delays_s[start : row + 1])
        if row - start >= LEVEL_FRAMES and arrivals_s[row] - arrivals_s[start] >= least_s:
            return True
    return False


def is_bent(arrivals_s: Sequence[float], sent_s: Sequence[float], whole: ArrivalPace) -> bool:
    """The drift is not the same from beginning to end, and no unrest of the arrivals explains it."""
    delays_s = _delays_s(arrivals_s, sent_s)
    unrest_s = fmean([abs(b - a) for a, b in pairwise(delays_s)])
    return whole.misfit_s > max(BENT_SHARE * abs(whole.drift) * whole.span_s, BENT_NOISE * unrest_s)


def may_fill_a_queue(whole: ArrivalPace) -> bool:
    """So short and so little that a camera that cannot keep up may have sent it: its frames come later and
    later as those of a sender whose stamps lie do, until its queue is full."""
    return whole.span_s < LONG_LOOK_S and 0 < whole.drift * whole.span_s < QUEUE_S


def _delays_s(arrivals_s: Sequence[float], sent_s: Sequence[float]) -> list[float]:
    return [a - s for a, s in zip(arrivals_s, sorted(sent_s), strict=True)]
