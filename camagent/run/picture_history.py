"""What a service learns of one stream's picture from look to look: n of m, and what hours tell. Pure.

One look can be wrong: somebody stands in front of the lens, the sun shines in. A condition is told once two
of the last three looks show it, and is told until two have not. And no live picture by day is the same three
hours later: the sun has gone on by 45 degrees, whatever the encoder does.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain

from camagent.model.daylight import may_be_light
from camagent.model.stream import ImageFacts, PictureNumbers, StreamFacts

LOOKS, NEEDED = 3, 2
APART = timedelta(hours=1)  # of the looks that are kept for hours
FROZEN_AFTER = timedelta(hours=3)
FORGOTTEN_AFTER = timedelta(hours=12)
SAME_MEAN, SAME_MOST = 1.0, 6  # steps of 28 by 64 means: coding the same picture anew leaves less


@dataclass(frozen=True, slots=True)
class PictureLook:
    """One look at the picture."""

    at: datetime
    conditions: tuple[str, ...]
    numbers: PictureNumbers | None


@dataclass(frozen=True, slots=True)
class PictureHistory:
    """The last looks at one stream, and one an hour of this day."""

    looks: tuple[PictureLook, ...] = ()
    hours: tuple[PictureLook, ...] = ()


def looked_again(history: PictureHistory, stream: StreamFacts) -> tuple[PictureHistory, StreamFacts]:
    """The history with one more look, and the stream with what all of them together show."""
    image = stream.image
    if not isinstance(image, ImageFacts):
        return history, stream
    look = PictureLook(stream.started_at, image.conditions, image.numbers)
    looks = (*history.looks, look)[-LOOKS:]
    hours = _hours(history.hours, look)
    stated = list(image.conditions) if len(looks) == 1 else _often(looks)
    if "frozen" not in stated and _unchanged_for_hours(hours, look):
        stated.append("frozen")
    unsure = tuple(name for name in image.unsure if name not in stated)
    earlier = tuple(one.numbers for one in looks[:-1] if one.numbers is not None)
    report = replace(image, conditions=tuple(stated), unsure=unsure, earlier=earlier)
    return PictureHistory(looks, hours), replace(stream, image=report)


def _often(looks: tuple[PictureLook, ...]) -> list[str]:
    counts = Counter(chain.from_iterable(look.conditions for look in looks))
    return [name for name, count in counts.items() if count >= NEEDED]


def _hours(hours: tuple[PictureLook, ...], look: PictureLook) -> tuple[PictureLook, ...]:
    """One look an hour by daylight, of the last hours only; a clock that was set back starts anew."""
    kept = tuple(one for one in hours if timedelta(0) <= look.at - one.at < FORGOTTEN_AFTER)
    numbers = look.numbers
    if numbers is None or numbers.infrared or not may_be_light(look.at):
        return kept
    return kept if kept and look.at - kept[-1].at < APART else (*kept, look)


def _unchanged_for_hours(hours: tuple[PictureLook, ...], look: PictureLook) -> bool:
    """Every look of at least three hours by daylight is this one."""
    if look.numbers is None or not hours or look.at - hours[0].at < FROZEN_AFTER:
        return False
    before = [one.numbers for one in hours if one.numbers is not None]
    return all(is_same(numbers, look.numbers) for numbers in before)


def is_same(first: PictureNumbers, second: PictureNumbers) -> bool:
    """Nothing but coding lies between the two pictures."""
    if len(first.luma) != len(second.luma) or not first.luma:
        return False
    apart = [abs(one - other) for one, other in zip(first.luma, second.luma, strict=True)]
    return sum(apart) <= SAME_MEAN * len(apart) and max(apart) <= SAME_MOST
