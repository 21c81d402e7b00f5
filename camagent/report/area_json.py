"""The merge of an area as its published document, for other programs. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from camagent import __version__
from camagent.area import AreaReport, AreaSite
from camagent.document.area_merge import AREA_SCHEMA, AreaMerge
from camagent.document.decisions import Decision
from camagent.document.progress import Progress, ProgressStep
from camagent.document.progress_wording import step_reason_text
from camagent.document.school_sightings import OUT, SightingView
from camagent.model.finding import Action, Verdict
from camagent.text import both

TENDER_COLUMNS = ("criterion", "requirement", "basis")


def area_document(
    report: AreaReport, lang: str, decisions: Mapping[str, Decision] | None = None
) -> AreaMerge:
    """Sites by need, the upgrade list, totals and what was left out; numbers stay numbers."""
    decided = decisions or {}
    return AreaMerge.model_validate(
        {
            "schema": AREA_SCHEMA,
            "agent": {"version": __version__},
            "at": report.at,
            "authoritative": report.authoritative,
            "files": report.files,
            "rank": report.rank,
            "summary": _summary(report),
            "sites": tuple(_site(site) for site in report.sites),
            "upgrades": tuple(
                {**asdict(row), "id": row.stable_id, "decision": decided.get(row.stable_id)}
                for row in report.rows
            ),
            "tenders": tuple(
                {
                    "key": item.key,
                    "cameras": item.cameras,
                    "lines": tuple(dict(zip(TENDER_COLUMNS, line, strict=True)) for line in item.lines),
                }
                for item in report.tenders
            ),
            "out_of_service": tuple(_out(item) for item in report.out),
            "progress": None if report.progress is None else _progress(report.progress, lang),
            "problems": tuple(
                {"source": item.source, "problem": both(item.problem)} for item in report.problems
            ),
        }
    )


def _out(item: SightingView) -> dict[str, str]:
    return {
        "id": item.row_id,
        "site": item.site,
        "area": item.area,
        "camera": item.name,
        "address": item.address,
        "state": item.state,
        "why": item.reason,
    }


def _progress(progress: Progress, lang: str) -> dict[str, Any]:
    return {
        "term": progress.term,
        "before_at": progress.before_at,
        "now_at": progress.now_at,
        "asked": progress.asked,
        "steps": tuple(_step(step, lang) for step in progress.steps),
    }


def _step(step: ProgressStep, lang: str) -> dict[str, Any]:
    camera, now = step.camera, step.now
    return {
        "became": step.became.value,
        "id": camera.row_id,
        "site": camera.site,
        "area": camera.area,
        "camera": camera.name,
        "address": camera.address,
        "asked": Action(step.before.action) if step.before else None,
        "now": Action(now.action) if now is not None and now.state not in OUT else None,
        "why": step_reason_text(step, lang),
    }


def _summary(report: AreaReport) -> dict[str, Any]:
    return {
        **{verdict.value: report.count(verdict) for verdict in Verdict},
        "actions": {action.value: count for action, count in sorted(report.actions().items())},
        "cost_classes": dict(sorted(report.cost_classes().items())),
        "amounts": report.amounts(),
        "without_amount": report.budget().rows - report.budget().priced,
        "failing_rules": dict(report.failing_rules),
    }


def _site(site: AreaSite) -> dict[str, Any]:
    return {
        "id": site.site_id,
        "name": site.name,
        "area": site.area,
        "city": site.city,
        "source": site.source,
        "checked_at": site.checked_at,
        "age_days": round(site.age_days, 2),
        **{verdict.value: site.counts[verdict] for verdict in Verdict},
        "not_checked": site.not_checked,
        "devices_found": site.devices_found,
        "need_low_ratio": round(site.need_low_ratio, 4),
        "need_high_ratio": round(site.need_high_ratio, 4),
        "gates_not_ready": site.gates[Verdict.NOT_READY],
        "gates_undetermined": site.gates[Verdict.UNDETERMINED],
        "out_of_service": site.out_of_service,
        "profile": site.profile,
        "authoritative": site.authoritative,
        "flags": site.flags,
    }
