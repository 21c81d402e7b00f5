"""The examples of docs/adding.md work as they stand there."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest
from click.testing import CliRunner

from camagent.assess.engine import assess
from camagent.assess.requirement_profile import Row
from camagent.assess.rules.image import Condition
from camagent.exporter import stream_metrics
from camagent.model.finding import Outcome
from camagent.model.scan_result import History
from camagent.observe.codec.table import CODECS
from camagent.observe.picture.conditions import ORDER
from camagent.report import csv_
from camagent.report.columns import CAMERA_COLUMNS
from camagent.text import LANGUAGES, catalogue
from tests import builders
from tests.assess.judging import profile_of, row_of
from tests.observe.wire.camera import rtp
from tests.observe.wire.test_track import feed, receiver
from tests.publish.samples import school, status, view
from tests.publish.test_metrics import named, snapshot

PAGE = (Path(__file__).parents[1] / "docs" / "adding.md").read_text(encoding="utf-8")


def example(name: str) -> dict[str, Any]:
    """What the page's example of that name defines."""
    (code,) = re.findall(rf"^```python {name}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    names: dict[str, Any] = {}
    exec(code, names)
    return names


def test_a_column_is_printed_with_its_head(monkeypatch: pytest.MonkeyPatch) -> None:
    column = example("column")["row"]
    monkeypatch.setattr(csv_, "CAMERA_COLUMNS", (*CAMERA_COLUMNS, column))
    for lang in LANGUAGES:
        monkeypatch.setitem(catalogue(lang), f"report.column.{column.key}", "New")
    head, first, *_ = csv_.render_csv([view(school(1))], "en").splitlines()
    assert head.endswith("New") and re.search(r"[,;]0$", first)


def test_a_metric_is_exported(monkeypatch: pytest.MonkeyPatch) -> None:
    row = example("metric")["row"]
    monkeypatch.setattr(stream_metrics, "STREAM_GAUGES", (*stream_metrics.STREAM_GAUGES, row))
    page = named(snapshot(status(builders.camera_result())), f"stream_{row[0]}")
    assert list(page.values()) == [0.0]


START = datetime(2026, 11, 1, tzinfo=UTC)


def test_a_rule_is_judged_by_a_profile_that_names_it() -> None:
    rule = example("rule")["row"]
    like = row_of("checked_daily")
    bounds = (("minimum_days", 3), ("recommended_days", 10))
    profile = profile_of(Row("X-1", like.title, rule.name, like.severity, like.basis, bounds))
    outcomes = []
    for days in (1, 5, 20):
        camera = replace(builders.camera_facts(), history=History(1, 1, START, days))
        (finding,) = assess(profile, camera, builders.site_facts(), {rule.name: rule})
        outcomes.append(finding.outcome)
    assert outcomes == [Outcome.FAIL, Outcome.WARN, Outcome.PASS]


def test_an_option_reaches_the_run() -> None:
    answer = CliRunner().invoke(example("option")["command"], ["--limit", "7"])
    assert (answer.exit_code, answer.output) == (0, "7\n")


def test_a_quirk_is_read() -> None:
    names = example("quirk")
    assert (names["rate_hz"], names["gop_frames"]) == (25.0, 50)


def test_a_codec_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    codec = example("codec")["row"]
    monkeypatch.setitem(CODECS, codec.name, codec)
    track = receiver("vp8")
    for number, payload in enumerate((b"\x10\x00", b"\x10\x01", b"\x10\x01", b"\x10\x00")):
        feed(track, [rtp(number, number * 3000, payload, marker=True)], number / 30)
    track.finish()
    assert track.builder.table(90_000).keyframes == (True, False, False, True)


def test_a_condition_is_known_to_profiles_and_to_both_languages() -> None:
    row = example("condition")["row"]
    assert row.level(0.5) == 0 and row.level(2.0) == 2
    assert set(get_args(Condition)) == set(ORDER)
    for lang in LANGUAGES:
        for name in ORDER:
            assert {f"picture.{name}.{part}" for part in ("name", "say", "do")} <= catalogue(lang).keys()


def test_every_file_that_is_named_is_there() -> None:
    root = Path(__file__).parents[1]
    named_files = set(re.findall(r"`((?:camagent|profiles|docs|tests)/[\w./-]+\.\w+)`", PAGE))
    missing = [name for name in named_files if not re.search("AREA|ROW", name) and not (root / name).exists()]
    assert len(named_files) > 10 and not missing
