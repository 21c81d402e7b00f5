"""Panels and queries as values, and how Grafana keeps them as JSON. Pure; knows nothing of camagent's
metrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

SCHEMA_VERSION = 39  # Grafana 10.4 and later read it; newer versions migrate it themselves
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}


@dataclass(frozen=True)
class Query:
    """One PromQL expression of a panel."""

    expr: str
    legend: str = ""
    table: bool = False
    """An instant vector for a table or a single number."""


@dataclass(frozen=True)
class Panel:
    """One panel; `width` of Grafana's 24 columns."""

    kind: str
    title: str
    description: str
    queries: tuple[Query, ...]
    unit: str = "short"
    width: int = 12
    height: int = 8
    colours: tuple[tuple[str, str, str], ...] = ()
    """(series name, name shown, colour)."""
    link: str = ""
    """Where a click on a row leads."""


@dataclass(frozen=True)
class Variable:
    """A drop-down fed from the series themselves."""

    name: str
    label: str
    query: str


def variable(asked: Variable) -> dict[str, Any]:
    """A drop-down as Grafana keeps it."""
    query = {"query": asked.query, "refId": f"variable-{asked.name}"}
    return {
        "name": asked.name,
        "label": asked.label,
        "type": "query",
        "datasource": DATASOURCE,
        "query": query,
        "refresh": 2,
        "sort": 1,
        "includeAll": False,
        "multi": False,
    }


def dashboard(
    name: str, title: str, panels: Sequence[Panel], variables: Sequence[Variable]
) -> dict[str, Any]:
    """A whole dashboard; panels flow from left to right in the order given."""
    source = {
        "name": "datasource",
        "label": "Nguồn · Data source",
        "type": "datasource",
        "query": "prometheus",
    }
    return {
        "uid": f"camagent-{name}",
        "title": title,
        "description": (
            "Từ camagent; số liệu của lần kiểm tra gần nhất. From camagent; values of the last checks."
        ),
        "tags": ["camagent"],
        "schemaVersion": SCHEMA_VERSION,
        "editable": True,
        "timezone": "browser",
        "refresh": "1m",
        "time": {"from": "now-24h", "to": "now"},
        "templating": {"list": [source, *(variable(item) for item in variables)]},
        "annotations": {"list": []},
        "links": [
            {
                "title": "camagent",
                "type": "dashboards",
                "tags": ["camagent"],
                "asDropdown": True,
                "icon": "external link",
                "includeVars": True,
                "keepTime": True,
                "targetBlank": False,
                "tooltip": "",
                "url": "",
            }
        ],
        "panels": placed(panels),
    }


def placed(panels: Sequence[Panel]) -> list[dict[str, Any]]:
    """Panels with their places on Grafana's grid of 24 columns."""
    made, x, y, row_height = [], 0, 0, 0
    for number_, panel in enumerate(panels, start=1):
        if x + panel.width > 24:
            x, y, row_height = 0, y + row_height, 0
        place = {"h": panel.height, "w": panel.width, "x": x, "y": y}
        made.append({"id": number_, "gridPos": place, **body(panel)})
        x, row_height = x + panel.width, max(row_height, panel.height)
    return made


def body(panel: Panel) -> dict[str, Any]:
    """Everything of a panel but its place."""
    defaults: dict[str, Any] = {"unit": panel.unit}
    if panel.link:
        defaults["links"] = [{"title": "Chi tiết · Details", "url": panel.link, "targetBlank": False}]
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": DATASOURCE,
        "fieldConfig": {"defaults": defaults, "overrides": [override(*colour) for colour in panel.colours]},
        "options": options(panel.kind),
        "targets": [target(query, letter) for query, letter in zip(panel.queries, "ABCDEFGH", strict=False)],
        "transformations": [{"id": "merge", "options": {}}]
        if panel.kind == "table" and len(panel.queries) > 1
        else [],
    }


def override(name: str, shown: str, colour: str) -> dict[str, Any]:
    """The fixed name and colour of one series."""
    return {
        "matcher": {"id": "byName", "options": name},
        "properties": [
            {"id": "displayName", "value": shown},
            {"id": "color", "value": {"mode": "fixed", "fixedColor": colour}},
        ],
    }


def options(kind: str) -> dict[str, Any]:
    """What each kind of panel needs said."""
    if kind == "stat":
        return {
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
            "colorMode": "none",
        }
    if kind == "timeseries":
        return {"legend": {"displayMode": "list", "placement": "bottom", "showLegend": True}}
    return {}


def target(query: Query, letter: str) -> dict[str, Any]:
    """One query as Grafana keeps it."""
    made: dict[str, Any] = {"refId": letter, "datasource": DATASOURCE, "expr": query.expr}
    if query.table:
        made |= {"instant": True, "range": False, "format": "table"}
    else:
        made |= {"instant": False, "range": True, "format": "time_series", "legendFormat": query.legend}
    return made
