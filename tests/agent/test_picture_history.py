"""What a service learns of a picture from look to look: two of three, and hours without any change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from camagent.model.stream import ImageFacts, PictureNumbers, StreamFacts
from camagent.observe.picture.reference import with_reference
from camagent.run.picture_history import PictureHistory, looked_again
from tests.builders import image_facts, stream_facts

SEVEN = datetime(2026, 11, 28, 0, 0, tzinfo=UTC)  # 07:00 in Vietnam
SCENE = PictureNumbers(
    bytes((place * 7919) % 200 for place in range(1792)), bytes((50,) * 112), 3.0, -2.0, 0.8, infrared=False
)


def looks(*images: ImageFacts | None, apart: timedelta, start: datetime = SEVEN) -> list[StreamFacts]:
    history, facts = PictureHistory(), []
    for number, image in enumerate(images):
        history, stream = looked_again(history, stream_facts(image=image, started_at=start + number * apart))
        facts.append(stream)
    return facts


def conditions(facts: Sequence[StreamFacts]) -> list[tuple[str, ...]]:
    return [stream.image.conditions for stream in facts if isinstance(stream.image, ImageFacts)]


def shifted(steps: int, noise: int = 0) -> ImageFacts:
    """The scene, lit otherwise by so many steps, and coded anew."""
    luma = bytes(
        min(255, value + steps + (noise if place % 3 == 0 else 0)) for place, value in enumerate(SCENE.luma)
    )
    return image_facts(numbers=replace(SCENE, luma=luma))


def test_a_condition_is_told_once_two_of_three_looks_show_it_and_until_two_do_not() -> None:
    bad, good = image_facts(conditions=("covered",)), image_facts()
    history = looks(good, bad, good, bad, bad, good, good, apart=timedelta(minutes=5))
    assert conditions(history) == [(), (), (), ("covered",), ("covered",), ("covered",), ()]


def test_the_first_look_speaks_for_itself_and_a_look_without_a_picture_changes_nothing() -> None:
    bad = image_facts(conditions=("black",))
    history = looks(bad, None, bad, apart=timedelta(minutes=5))
    assert conditions(history) == [("black",), ("black",)]
    assert history[1].image is None


@pytest.mark.parametrize(
    ("hours", "steps", "noise", "frozen"),
    [
        (5, 0, 0, True),  # the same picture
        (5, 0, 2, True),  # coded anew
        (5, 1, 1, False),  # a cloud went by
        (2, 0, 0, False),  # too short
    ],
)
def test_no_live_picture_is_the_same_at_seven_and_at_twelve(
    hours: int, steps: int, noise: int, frozen: bool
) -> None:
    still = [shifted(0) for _ in range(hours * 4)]
    history = looks(*still, shifted(steps, noise), apart=timedelta(minutes=15))
    assert ("frozen" in conditions(history)[-1]) is frozen


def test_somebody_who_walked_by_between_proves_that_the_picture_lives() -> None:
    hourly = [shifted(0), shifted(0), shifted(9), shifted(0), shifted(0), shifted(0)]
    assert not any(conditions(looks(*hourly, apart=timedelta(hours=1))))


def test_by_night_and_under_infrared_nothing_is_concluded_from_hours() -> None:
    by_night = looks(*[shifted(0)] * 10, apart=timedelta(hours=1), start=SEVEN + timedelta(hours=11))
    infrared = image_facts(numbers=replace(SCENE, infrared=True))
    by_day = looks(*[infrared] * 10, apart=timedelta(hours=1))
    assert not any(conditions(by_night)) and not any(conditions(by_day))


def test_what_differs_from_the_reference_must_be_seen_twice_too() -> None:
    elsewhere = replace(SCENE, luma=bytes((place * 104729) % 200 for place in range(1792)))
    history = looks(
        *(image_facts(numbers=numbers) for numbers in (SCENE, elsewhere, elsewhere)),
        apart=timedelta(minutes=5),
    )
    pictures = [with_reference(one.image, [SCENE]) for one in history if isinstance(one.image, ImageFacts)]
    assert [image.conditions for image in pictures] == [(), (), ("moved",)]
