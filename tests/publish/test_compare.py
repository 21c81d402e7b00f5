"""Two results of one school: what was fixed, broke, is new, gone or replaced."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from camagent.document.compare import CameraChange, ChangeKind, compare
from camagent.document.school_year import parse_report_date
from camagent.model.finding import Outcome, Verdict
from camagent.model.scan_result import CameraResult
from tests import builders
from tests.publish.samples import camera, school, view


def changes(before: list[CameraResult], after: list[CameraResult]) -> tuple[CameraChange, ...]:
    base = school(0)
    return compare(
        view(replace(base, cameras=tuple(before))), view(replace(base, cameras=tuple(after)))
    ).changes


def judged(verdict: Verdict, number: int = 0) -> CameraResult:
    return replace(camera(number), verdict=verdict)


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        (Verdict.NOT_READY, Verdict.READY, ChangeKind.FIXED),
        (Verdict.UNDETERMINED, Verdict.READY, ChangeKind.CONFIRMED),
        (Verdict.READY, Verdict.NOT_READY, ChangeKind.BROKEN),
        (Verdict.UNDETERMINED, Verdict.NOT_READY, ChangeKind.REFUTED),
        (Verdict.READY, Verdict.UNDETERMINED, ChangeKind.OBSCURED),
        (Verdict.NOT_READY, Verdict.UNDETERMINED, ChangeKind.OBSCURED),
    ],
)
def test_each_change_of_verdict_has_its_name(before: Verdict, after: Verdict, change: ChangeKind) -> None:
    (entry,) = changes([judged(before)], [judged(after)])
    assert (entry.change, entry.before, entry.after) == (change, before, after)


def test_nothing_changed_is_nothing_told() -> None:
    same = [camera(number) for number in range(5)]
    assert changes(same, same) == ()


def test_a_rule_that_became_unknown_is_neither_fixed_nor_broken() -> None:
    failed, unknown = builders.finding(outcome=Outcome.FAIL), builders.finding(outcome=Outcome.NOT_ASSESSED)
    base = judged(Verdict.NOT_READY)
    assert changes([replace(base, findings=(failed,))], [replace(base, findings=(unknown,))]) == ()


def test_single_rules_are_told_where_the_verdict_stays() -> None:
    base = judged(Verdict.NOT_READY)
    was = (builders.finding(outcome=Outcome.FAIL), builders.finding(rule="IMG-GOP"))
    now = (builders.finding(outcome=Outcome.WARN), builders.finding(rule="IMG-GOP", outcome=Outcome.FAIL))
    (entry,) = changes([replace(base, findings=was)], [replace(base, findings=now)])
    assert (entry.change, entry.rules_fixed, entry.rules_broken) == (
        ChangeKind.CHANGED,
        ("IMG-FPS",),
        ("IMG-GOP",),
    )


def test_a_new_camera_is_new() -> None:
    (entry,) = changes([camera(0)], [camera(0), camera(1)])
    assert (entry.change, entry.camera_id, entry.before) == (ChangeKind.NEW, "cam-000000000001", None)


def test_a_camera_missing_from_a_probed_network_is_gone() -> None:
    (entry,) = changes([camera(0), camera(1)], [camera(0)])
    assert (entry.change, entry.after) == (ChangeKind.GONE, None)


def test_a_camera_outside_the_probed_networks_is_not_called_gone() -> None:
    moved = replace(camera(1), facts=replace(camera(1).facts, address="198.51.100.7"))
    (entry,) = changes([camera(0), moved], [camera(0)])
    assert entry.change is ChangeKind.UNSEEN


def test_another_device_with_the_same_name_is_a_replacement() -> None:
    successor = replace(camera(1), facts=replace(camera(1).facts, id="cam-new", address="192.0.2.99"))
    (entry,) = changes([camera(1)], [successor])
    assert (entry.change, entry.camera_id) == (ChangeKind.REPLACED, "cam-new")


def test_another_device_at_the_same_address_is_a_replacement() -> None:
    successor = replace(camera(1), facts=replace(camera(1).facts, id="cam-new", name="khác"))
    (entry,) = changes([camera(1)], [successor])
    assert entry.change is ChangeKind.REPLACED


def test_two_candidates_are_not_guessed_between() -> None:
    twins = [replace(camera(1), facts=replace(camera(1).facts, id=f"cam-new{n}")) for n in range(2)]
    assert sorted(item.change for item in changes([camera(1)], twins)) == [
        ChangeKind.GONE,
        ChangeKind.NEW,
        ChangeKind.NEW,
    ]


def test_other_requirements_are_told() -> None:
    other = school(1, profile=builders.profile_stamp(digest="sha256:" + "1" * 64))
    assert not compare(view(school(1)), view(other)).same_profile
    assert compare(view(school(1)), view(school(1))).same_profile


TODAY = date(2026, 3, 1)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-01-10", date(2026, 1, 10)),
        ("10/01/2026", date(2026, 1, 10)),
        ("10-01-2026", date(2026, 1, 10)),
        (" HK1 ", date(2026, 1, 10)),
        ("hk2", date(2025, 5, 15)),
        ("31/02/2026", None),
        ("hk3", None),
        ("", None),
    ],
)
def test_days_are_named_as_a_school_names_them(text: str, day: date | None) -> None:
    assert parse_report_date(text, TODAY) == day


def test_a_reporting_date_counts_on_its_own_day() -> None:
    assert parse_report_date("hk2", date(2026, 5, 15)) == date(2026, 5, 15)
    assert parse_report_date("hk2", date(2026, 5, 14)) == date(2025, 5, 15)
