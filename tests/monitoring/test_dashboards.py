"""Dashboards: as made, as Grafana's schema wants them, and every query answered by a real Prometheus."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.monitoring.live import SITE, Database, prometheus, school_snapshot, threaded_exporter
from tests.monitoring.programs import ROOT, eventually
from tests.publish.exporter_peers import View

FOLDER = ROOT / "monitoring" / "dashboards"
SCHEMA = ROOT / ".setup" / "monitoring" / "grafana" / "schema.json"
NAMES = ("city", "area", "site", "camera")
CAMERA = "cam-000000000000"


def dashboard(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return loaded


def queries(name: str) -> Iterator[tuple[str, str]]:
    for panel in dashboard(name)["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


def test_the_files_are_what_their_source_makes(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-B", str(FOLDER / "make_dashboards.py"), str(tmp_path)], check=True, timeout=30
    )
    for name in NAMES:
        assert (tmp_path / f"{name}.json").read_bytes() == (FOLDER / f"{name}.json").read_bytes()


@pytest.mark.skipif(
    not SCHEMA.exists(), reason="Grafana's schema is made by tests/monitoring/setup.sh, with npm"
)
@pytest.mark.parametrize("name", NAMES)
def test_grafanas_own_schema_accepts_it(name: str) -> None:
    validator = jsonschema.Draft7Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert [error.message for error in validator.iter_errors(dashboard(name))] == []
    broken = dashboard(name) | {"panels": "none"}
    assert list(validator.iter_errors(broken)), "the schema sees nothing"


@pytest.mark.parametrize("name", NAMES)
def test_it_is_made_with_care(name: str) -> None:
    board = dashboard(name)
    assert board["uid"] == f"camagent-{name}" and board["tags"] == ["camagent"]
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))
    for panel in board["panels"]:
        assert panel["title"] and panel["description"] and panel["targets"], panel["title"]
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert all(target["datasource"]["uid"] == "${datasource}" for target in panel["targets"])
    places = [(p["gridPos"]["x"], p["gridPos"]["y"]) for p in board["panels"]]
    assert len(places) == len(set(places))


def test_city_and_area_read_recorded_series_only() -> None:
    for name in ("city", "area"):
        for title, expr in queries(name):
            raw = re.findall(r"(?<![:\w])camagent_\w+", expr)
            assert not raw, (title, raw)


def test_links_lead_to_dashboards_that_exist() -> None:
    for name in NAMES:
        for uid in re.findall(r"/d/([\w-]+)", json.dumps(dashboard(name))):
            assert uid in {f"camagent-{other}" for other in NAMES}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    folder = tmp_path_factory.mktemp("prometheus")
    with threaded_exporter(View(school_snapshot())) as exporter:
        labels = ", ".join(f'{name}: "{value}"' for name, value in SITE.items())
        scrape = (
            "  - job_name: camagent\n    static_configs:\n"
            f"      - targets: ['127.0.0.1:{exporter.port}']\n        labels: {{{labels}}}\n"
        )
        with prometheus(folder, scrape) as running:
            eventually(lambda: running.query("city:camagent_requirement_met:count"), "recorded series")
            eventually(lambda: running.query("site:camagent_faults:increase1h"), "an increase")
            yield running


def filled(expr: str) -> str:
    for name, value in {**SITE, "camera": CAMERA}.items():
        expr = expr.replace(f"${name}", value)
    assert "$" not in expr, expr
    return expr


@pytest.mark.parametrize("name", NAMES)
def test_every_query_is_answered(name: str, database: Database) -> None:
    empty = [(title, expr) for title, expr in queries(name) if not database.query(filled(expr))]
    assert empty == []


@pytest.mark.parametrize("name", NAMES)
def test_every_variable_has_values(name: str, database: Database) -> None:
    for variable in dashboard(name)["templating"]["list"]:
        if variable["type"] == "query":
            metric, _, label = (
                variable["query"]["query"].removeprefix("label_values(").rstrip(")").rpartition(", ")
            )
            series = database.query(filled(metric))
            assert series and all(label in one["metric"] for one in series), variable["name"]
