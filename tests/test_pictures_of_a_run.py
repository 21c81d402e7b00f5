"""What a run does with the numbers of pictures: compared with the reference, kept, and day told from the
clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from camagent.model.daylight import by_day, by_night
from camagent.model.earlier_runs import Memory
from camagent.model.stream import NightLook, PictureNumbers, StreamRole
from camagent.run.pictures import against_reference, seen_by_night
from tests.builders import image_facts, stream_facts, sub_stream

PLAIN = PictureNumbers(bytes(range(64)) * 28, bytes((50,) * 112), 0.0, 0.0, 0.8, infrared=False)
GREY = replace(PLAIN, infrared=True)


@pytest.mark.parametrize(("hour_utc", "day"), [(0, False), (1, True), (8, True), (9, False), (15, False)])
def test_day_is_told_from_the_clock_in_vietnam(hour_utc: int, day: bool) -> None:
    assert by_day(datetime(2026, 11, 28, hour_utc, 30, tzinfo=UTC)) is day


@pytest.mark.parametrize(("hour_utc", "conditions"), [(4, ("monochrome",)), (14, ())])
def test_black_and_white_is_a_fault_by_day_only_and_of_the_main_stream_only(
    hour_utc: int, conditions: tuple[str, ...]
) -> None:
    at = datetime(2026, 11, 28, hour_utc, tzinfo=UTC)
    main = stream_facts(image=image_facts(numbers=GREY), started_at=at)
    sub = sub_stream(image=image_facts(numbers=GREY), started_at=at)
    assert sub.role is not StreamRole.MAIN
    compared = against_reference((main, sub), "cam", Memory(references={"cam": (PLAIN,)}))
    assert [stream.image.conditions for stream in compared] == [conditions, ()]  # type: ignore[union-attr]
    assert against_reference((main, sub), "cam", Memory()) == (main, sub)


@pytest.mark.parametrize(
    ("hour_utc", "dark"), [(11, False), (12, True), (16, True), (21, True), (22, False), (5, False)]
)
def test_night_is_told_from_the_clock_in_vietnam(hour_utc: int, dark: bool) -> None:
    assert by_night(datetime(2026, 6, 21, hour_utc, 0, tzinfo=UTC)) is dark


@pytest.mark.parametrize(("hour_utc", "conditions"), [(14, ()), (4, ("moved",))])
def test_by_night_the_picture_is_compared_with_the_reference_of_the_night_too(
    hour_utc: int, conditions: tuple[str, ...]
) -> None:
    """Lamps light other things than the sun does."""
    at = datetime(2026, 11, 28, hour_utc, tzinfo=UTC)
    by_lamp = replace(PLAIN, luma=bytes((row * 7919) % 101 for row in range(1792)))
    memory = Memory(references={"cam": (PLAIN,)}, night_references={"cam": by_lamp})
    main = stream_facts(image=image_facts(numbers=by_lamp), started_at=at)
    (compared,) = against_reference((main,), "cam", memory)
    assert compared.image.conditions == conditions  # type: ignore[union-attr]


def test_the_last_look_by_night_is_told_until_there_is_a_newer_one() -> None:
    before = NightLook(datetime(2026, 11, 27, 14, tzinfo=UTC), ("black",))
    noon, night = (datetime(2026, 11, 28, hour, tzinfo=UTC) for hour in (5, 14))
    by_day_seen = stream_facts(image=image_facts(), started_at=noon)
    by_night_seen = stream_facts(image=image_facts(conditions=("glare",)), started_at=night)
    assert seen_by_night((by_day_seen,), before) == before
    assert seen_by_night((by_day_seen,), None) is None
    assert seen_by_night((by_night_seen,), before) == NightLook(night, ("glare",))
