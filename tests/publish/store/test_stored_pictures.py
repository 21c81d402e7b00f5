"""What is kept of pictures: a reference by day, one under infrared, the latest; numbers of bounded size."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

from camagent.model.earlier_runs import Memory, MemoryChange, SeenPicture, memory_after
from camagent.model.stream import NightLook, PictureNumbers
from camagent.store import open_store

DAY = PictureNumbers(bytes((10,) * 1792), bytes((5,) * 112), 1.5, -2.0, 0.8, infrared=False)
OTHER = replace(DAY, luma=bytes((90,) * 1792))
NIGHT = replace(DAY, infrared=True, sharpness=None)
AT = datetime(2026, 11, 2, 3, tzinfo=UTC)


def learned(*looks: tuple[str, PictureNumbers, bool]) -> MemoryChange:
    return MemoryChange(pictures=tuple(SeenPicture(*one) for one in looks))


def test_the_first_sound_picture_becomes_the_reference_and_stays(tmp_path: Path) -> None:
    with open_store(tmp_path / "s.sqlite") as store:
        store.remember(learned(("cam", OTHER, False)), AT)
        assert store.references() == {}
        store.remember(learned(("cam", DAY, True), ("cam2", NIGHT, True)), AT)
        store.remember(learned(("cam", OTHER, True), ("cam", NIGHT, True)), AT + timedelta(days=1))
        assert store.references() == {"cam": (DAY, NIGHT), "cam2": (NIGHT,)}
        assert {kept.kind: kept.numbers for kept in store.kept_pictures("cam")}["latest"] == NIGHT


def test_after_a_repair_the_latest_picture_is_accepted(tmp_path: Path) -> None:
    with open_store(tmp_path / "s.sqlite") as store:
        assert store.accept_picture("cam") is None
        store.remember(learned(("cam", DAY, True)), AT)
        store.remember(learned(("cam", OTHER, False)), AT + timedelta(days=1))
        accepted = store.accept_picture("cam")
        assert accepted is not None and accepted.numbers == OTHER
        assert store.references() == {"cam": (OTHER,)}


def test_a_camera_takes_less_than_six_kilobytes(tmp_path: Path) -> None:
    with open_store(tmp_path / "s.sqlite") as store:
        many = [(f"cam-{n}", numbers, True) for n, numbers in product(range(50), (DAY, NIGHT))]
        store.remember(learned(*many), AT)
    with open_store(tmp_path / "empty.sqlite") as empty:
        pass
    grown = store.path.stat().st_size - empty.path.stat().st_size
    assert grown / 50 <= 8_400, "three rows of 2 kB, pages that are not full, and an index"


def test_the_night_has_a_reference_of_its_own_and_the_last_look_is_kept(tmp_path: Path) -> None:
    looked, later = NightLook(AT, ()), NightLook(AT + timedelta(days=1), ("black", "glare"))
    first = MemoryChange(pictures=(SeenPicture("cam", DAY, True, looked),))
    second = MemoryChange(pictures=(SeenPicture("cam", OTHER, False, later),))
    with open_store(tmp_path / "s.sqlite") as store:
        store.remember(first, AT)
        store.remember(second, AT + timedelta(days=1))
        assert store.nights() == ({"cam": DAY}, {"cam": later})
        assert store.references() == {}, "colours seen by night are those of lamps, not of the day"
        rows = {kept.kind: kept for kept in store.kept_pictures("cam")}
        assert rows["night_latest"].numbers.luma == b"", "what the look showed needs no numbers"
        store.accept_picture("cam")
        assert store.nights() == ({}, {"cam": later}), "made anew by the next sound look by night"
    under_infrared = MemoryChange(pictures=(SeenPicture("ir", NIGHT, True, looked),))
    with open_store(tmp_path / "ir.sqlite") as store:
        store.remember(under_infrared, AT)
        assert store.nights()[0] == {}, "the reference under infrared is the night's own"
        store.remember(MemoryChange(pictures=(SeenPicture("ir", DAY, True, looked),)), AT)
        assert store.nights()[0] == {}, "three full rows a camera at most"
    memory = memory_after(memory_after(Memory(), first), second)
    assert memory.night_references == {"cam": DAY} and memory.nights == {"cam": later}


def test_a_camera_that_sees_colour_by_night_and_infrared_too_keeps_three_full_rows(tmp_path: Path) -> None:
    looks = [NightLook(AT + timedelta(hours=hour), ()) for hour in range(3)]
    pictures = [(DAY, None), (OTHER, looks[0]), (NIGHT, looks[1]), (OTHER, looks[2])]
    runs = [MemoryChange(pictures=(SeenPicture("cam", numbers, True, look),)) for numbers, look in pictures]
    memory = Memory()
    with open_store(tmp_path / "s.sqlite") as store:
        for run in runs:
            store.remember(run, AT)
            memory = memory_after(memory, run)
        rows = store.kept_pictures("cam")
        assert store.nights() == (memory.night_references, memory.nights) == ({}, {"cam": looks[2]})
    full = [bytes(kept.numbers.luma) + bytes(kept.numbers.detail) for kept in rows if kept.numbers.luma]
    assert len(full) == 3
    assert sum(len(numbers) + 60 for numbers in full) <= 6_000


def test_the_first_look_by_day_makes_its_reference_after_a_first_look_by_lamplight(tmp_path: Path) -> None:
    by_lamps = MemoryChange(pictures=(SeenPicture("cam", OTHER, True, NightLook(AT, ())),))
    memory = Memory()
    with open_store(tmp_path / "s.sqlite") as store:
        for run in (by_lamps, learned(("cam", DAY, True))):
            store.remember(run, AT)
            memory = memory_after(memory, run)
        assert store.references() == memory.references == {"cam": (DAY,)}
        assert store.nights()[0] == memory.night_references == {"cam": OTHER}


def test_an_aim_accepted_by_lamplight_is_not_measured_by_the_day_of_the_old_aim(tmp_path: Path) -> None:
    evening = datetime(2026, 11, 2, 14, tzinfo=UTC)  # nine o'clock in Vietnam
    turned = MemoryChange(pictures=(SeenPicture("cam", OTHER, False, NightLook(evening, ("moved",))),))
    with open_store(tmp_path / "s.sqlite") as store:
        store.remember(learned(("cam", DAY, True), ("cam", NIGHT, True)), AT)
        store.remember(turned, evening)
        accepted = store.accept_picture("cam")
        assert accepted is not None and (accepted.kind, accepted.numbers) == ("night", OTHER)
        assert store.references() == {} and store.nights()[0] == {"cam": OTHER}
        store.remember(learned(("cam", OTHER, True)), AT + timedelta(days=1))
        assert store.references() == {"cam": (OTHER,)}


def test_a_run_without_a_store_remembers_as_the_store_does() -> None:
    memory = memory_after(Memory(), learned(("cam", DAY, True)))
    assert memory.references == {"cam": (DAY,)}
    memory = memory_after(memory, learned(("cam", OTHER, True), ("cam", NIGHT, True), ("cam2", DAY, False)))
    assert memory.references == {"cam": (DAY, NIGHT)}
