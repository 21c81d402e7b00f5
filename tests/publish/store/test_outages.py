"""The fault register: how long a camera did not answer, as far as checks prove it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from camagent.model.scan_result import History
from camagent.store import open_store
from camagent.store.outages import MAX_GAP
from tests.floor import judged, not_vacuous

START = datetime(2026, 11, 1, 8, tzinfo=UTC)
CAMERA = "cam-1"
Check = tuple[float, bool]
"""Hours after START, and whether the camera answered."""


def history(folder: Path, checks: list[Check], at_h: float) -> History:
    with open_store(folder / "site.db") as store:
        for after_h, met in checks:
            store.note_probes(START + timedelta(hours=after_h), {CAMERA: met})
        return store.histories(START + timedelta(hours=at_h))[CAMERA]


def dark(record: History) -> tuple[float, bool] | None:
    if record.outage is None:
        return None
    return (record.outage.missed_at - record.outage.began_at).total_seconds() / 3600, record.outage.ended


@pytest.mark.parametrize(
    ("checks", "expected"),
    [
        ([(0, True), (1, True)], None),
        ([(0, True), (1, False), (2, True)], (0, True)),
        ([(0, True), (1, False), (13, False), (25, False), (26, True)], (24, True)),
        ([(0, True), (1, False), (30, False)], (29, False)),
        # nobody looked between two missed checks: two outages of which each proves nothing
        ([(1, False), (1 + 24 * 7, False)], (0, True)),
        ([(1, False), (37, False), (38, True)], (36, True)),
        # the longest counts, not the last
        ([(0, False), (20, False), (21, True), (22, False), (24, False), (25, True)], (20, True)),
        ([(0, False), (5, False), (6, True), (7, False), (17, False)], (10, False)),
    ],
)
def test_an_outage_is_what_checks_prove(
    tmp_path: Path, checks: list[Check], expected: tuple[float, bool] | None
) -> None:
    assert dark(history(tmp_path, checks, 24 * 9)) == expected


def test_a_clock_set_back_makes_no_outage_longer(tmp_path: Path) -> None:
    assert dark(history(tmp_path, [(10, False), (12, False), (3, False), (13, True)], 14)) == (2, True)


def test_only_what_lies_in_the_last_thirty_days_counts(tmp_path: Path) -> None:
    checks = [(h, False) for h in range(0, 24 * 32, 12)]
    record = history(tmp_path, [*checks, (24 * 32, True)], 24 * 32)
    assert record.outage is not None
    assert record.outage.began_at == START + timedelta(days=2)
    assert (record.days, record.days_checked) == (31, 31)


def test_days_without_a_check_are_counted(tmp_path: Path) -> None:
    record = history(tmp_path, [(0, True), (24, True), (24 * 5, True)], 24 * 9)
    assert (record.days, record.days_checked) == (10, 3)


@not_vacuous(0.3)
@given(
    st.lists(st.tuples(st.floats(0.1, 60), st.booleans()), min_size=1, max_size=30),
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_outage_is_longer_than_the_checks_prove(tmp_path: Path, steps: list[Check]) -> None:
    """Against a slow reading of the list of checks."""
    (tmp_path / "site.db").unlink(missing_ok=True)
    at_h, checks = 0.0, []
    for pause_h, met in steps:
        at_h += round(pause_h, 2)
        checks.append((at_h, met))
    lengths = []
    began = last = None
    for moment, met in checks:
        if met:
            began = None
        elif began is None or last is None or timedelta(hours=moment - last) > MAX_GAP:
            began = moment
        if not met:
            assert began is not None
            lengths.append(moment - began)
            last = moment
    record = history(tmp_path, checks, at_h)
    if not judged(bool(lengths)):
        assert record.outage is None
    elif at_h < 24 * 29:
        assert dark(record) is not None
        assert dark(record)[0] == pytest.approx(max(lengths), abs=0.01)  # type: ignore[index]
