"""What a run does with the numbers of pictures: compared with the reference, kept, and day told from the
clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from camagent.model.stream import PictureNumbers, StreamRole
from camagent.run.pictures import against_reference, by_day
from tests.builders import image_facts, stream_facts, sub_stream

PLAIN = PictureNumbers(tuple(range(64)) * 28, (50,) * 112, 0.0, 0.0, 0.8, infrared=False)
GREY = replace(PLAIN, infrared=True)


@pytest.mark.parametrize(("hour_utc", "day"), [(0, False), (1, True), (8, True), (9, False), (15, False)])
def test_day_is_told_from_the_clock_in_vietnam(hour_utc: int, day: bool) -> None:
    assert by_day(datetime(2026, 11, 28, hour_utc, 30, tzinfo=UTC)) is day


@pytest.mark.parametrize(("hour_utc", "found"), [(4, ("monochrome",)), (14, ())])
def test_black_and_white_is_a_fault_by_day_only_and_of_the_main_stream_only(
    hour_utc: int, found: tuple[str, ...]
) -> None:
    at = datetime(2026, 11, 28, hour_utc, tzinfo=UTC)
    main = stream_facts(image=image_facts(numbers=GREY), started_at=at)
    sub = sub_stream(image=image_facts(numbers=GREY), started_at=at)
    assert sub.role is not StreamRole.MAIN
    seen = against_reference((main, sub), [PLAIN])
    assert [stream.image.conditions for stream in seen] == [found, ()]  # type: ignore[union-attr]
    assert against_reference((main, sub), []) == (main, sub)
