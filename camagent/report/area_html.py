"""The area's page: totals, schools by need with their doubts, the head of the upgrade list. Self-contained.
Pure."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from camagent import __version__
from camagent.area import AreaReport
from camagent.area.wording import covered_text, flags_text, level_names, merged_text, need_text, ranked_text
from camagent.document.decisions import Decision
from camagent.document.upgrade_rows import ACTION_ORDER
from camagent.model.finding import Action, Verdict
from camagent.report.charts import Share, shares_of
from camagent.report.html import assets, template, words
from camagent.text import render, say

MAX_ROWS = 2000  # a browser on an old PC still scrolls and filters that; the workbook has them all


def render_area_html(report: AreaReport, lang: str, decisions: Mapping[str, Decision] | None = None) -> str:
    """The page; where the list is longer than MAX_ROWS it says so."""
    actions = report.actions()
    return template("area.html.j2").render(
        lang=lang,
        report=report,
        levels=level_names(report, lang),
        titles=dict(report.rule_titles),
        merged=merged_text(report, lang),
        ranked=ranked_text(report, lang),
        covered=covered_text(report, lang),
        tenders=report.tenders,
        replaced=actions[Action.REPLACE],
        rows=list(enumerate(report.rows[:MAX_ROWS], start=1)),
        decisions=decisions or {},
        actions=[(action, actions[action]) for action in ACTION_ORDER if actions[action]],
        all_actions=ACTION_ORDER[:-1],
        verdicts=list(Verdict),
        shares=_shares(report),
        total=sum(site.cameras for site in report.sites),
        costs=sorted(report.cost_classes().items()),
        budget=report.budget().text(lang),
        need=partial(need_text, lang=lang),
        flags=partial(flags_text, lang=lang),
        problem=partial(render, lang=lang),
        a=lambda key, **gaps: say(f"area.{key}", lang, **gaps),
        with_class=bool(report.amounts()) or any(report.cost_classes()),
        with_cost=any(row.cost for row in report.rows),
        version=__version__,
        **assets(),
        **words(lang),
    )


def _shares(report: AreaReport) -> tuple[Share, ...]:
    return shares_of({verdict: report.count(verdict) for verdict in Verdict})
