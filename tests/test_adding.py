"""The examples of docs/adding.md work as they stand there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import pytest

from camagent.assess.rules.image import Condition
from camagent.exporter import stream_metrics
from camagent.observe.picture.conditions import ORDER
from camagent.report import csv_
from camagent.report.columns import CAMERA_COLUMNS
from camagent.text import LANGUAGES, catalogue
from tests import builders
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
    missing = [name for name in named_files if "AREA" not in name and not (root / name).exists()]
    assert len(named_files) > 10 and not missing
