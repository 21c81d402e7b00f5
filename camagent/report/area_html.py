"""The area's page: totals, schools by need with their doubts, the head of the upgrade list. Self-contained.
Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from camagent import __version__
from camagent.area import AreaReport
from camagent.area.area_wording import (
    covered_text,
    flags_text,
    level_names,
    merged_text,
    need_text,
    ranked_text,
)
from camagent.document.decisions import Decision
from camagent.document.upgrade_rows import ACTION_ORDER
from camagent.model.finding import Action, Verdict
from camagent.report.area_rows import packed_rows, page_rows, shown_columns
from camagent.report.charts import WHOLE, Share, bar_shares
from camagent.report.html import assets, list_script, template, template_functions
from camagent.text import render, say
from camagent.text.vietnamese import sort_key

# drawn at once: a city of 2,300 schools opens within two seconds; a longer list has its own script
MAX_ROWS = 500
MAX_BARS = 10  # where to begin: more than that is no beginning
MAX_MAKERS = 200  # of a drop-down; a device may call its maker anything


def render_area_html(report: AreaReport, lang: str, decisions: Mapping[str, Decision] | None = None) -> str:
    """The page; where the list is longer than MAX_ROWS the first rows are in it for everybody, and all of
    them for its script."""
    by_camera = decisions or {}
    columns = shown_columns(report.rows, by_camera)
    is_long = len(report.rows) > MAX_ROWS
    rows = page_rows(report.rows[:MAX_ROWS], by_camera, columns, lang)
    return template("area.html.j2").render(
        lang=lang,
        report=report,
        columns=columns,
        rows=list(rows),
        packed=packed_rows(page_rows(report.rows, by_camera, columns, lang)) if is_long else "",
        max_rows=MAX_ROWS,
        wards=_names(site.area for site in report.sites),
        makers=_names(row.maker for row in report.rows)[:MAX_MAKERS],
        gates=any(any(site.gates.values()) for site in report.sites),
        begin=_begin(report, lang),
        **_figures(report, lang),
        **_words(report, lang),
        version=__version__,
        **assets(),
        **list_script(),
        **template_functions(lang),
    )


def _figures(report: AreaReport, lang: str) -> dict[str, Any]:
    actions = report.actions()
    return {
        "replaced": actions[Action.REPLACE],
        "actions": [(action, actions[action]) for action in ACTION_ORDER if actions[action]],
        "all_actions": ACTION_ORDER[:-1],
        "verdicts": list(Verdict),
        "shares": _shares(report),
        "total": sum(site.cameras for site in report.sites),
        "costs": sorted(report.cost_classes().items()),
        "budget": report.budget().text(lang),
        "with_class": bool(report.amounts()) or any(report.cost_classes()),
        "tenders": report.tenders,
    }


def _words(report: AreaReport, lang: str) -> dict[str, Any]:
    return {
        "levels": level_names(report, lang),
        "titles": dict(report.rule_titles),
        "merged": merged_text(report, lang),
        "ranked": ranked_text(report, lang),
        "covered": covered_text(report, lang),
        "need": partial(need_text, lang=lang),
        "flags": partial(flags_text, lang=lang),
        "problem": partial(render, lang=lang),
        "a": lambda key, **gaps: say(f"area.{key}", lang, **gaps),
    }


def _names(names: Iterable[str]) -> list[str]:
    return sorted({name for name in names if name}, key=sort_key)


@dataclass(frozen=True, slots=True)
class Bar:
    """One place where work is waiting."""

    name: str
    count: int
    total: int
    width: float
    """Percent of the longest bar."""


def _begin(report: AreaReport, lang: str) -> dict[str, list[Bar]]:
    """The wards with most cameras not ready, and the schools that head the ranking."""
    wards: dict[str, tuple[int, int]] = {}
    for site in report.sites:
        bad, whole = wards.get(site.area, (0, 0))
        wards[site.area] = bad + site.counts[Verdict.NOT_READY], whole + site.cameras
    unnamed = say("report.annex.no_ward", lang)
    named = [(name or unnamed, *counts) for name, counts in wards.items()]
    named.sort(key=lambda item: (-item[1], sort_key(item[0])))
    schools = [(site.name, site.counts[Verdict.NOT_READY], site.cameras) for site in report.sites]
    return {"wards": _bars(named if len(named) > 1 else []), "sites": _bars(schools)}


def _bars(places: Sequence[tuple[str, int, int]]) -> list[Bar]:
    first = [place for place in places[:MAX_BARS] if place[1]]
    longest = max([1, *(count for _, count, _ in first)])
    return [Bar(name, count, total, WHOLE * count / longest) for name, count, total in first]


def _shares(report: AreaReport) -> tuple[Share, ...]:
    return bar_shares({verdict: report.count(verdict) for verdict in Verdict})
