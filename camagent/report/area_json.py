"""The merge of an area as its published document, for other programs. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from camagent import __version__
from camagent.area import AreaReport, AreaSite
from camagent.document.area_merge import AREA_SCHEMA, AreaMerge
from camagent.document.decisions import Decision
from camagent.model.finding import Verdict
from camagent.text import both

TENDER_COLUMNS = ("criterion", "requirement", "basis")


def area_document(report: AreaReport, decisions: Mapping[str, Decision] | None = None) -> AreaMerge:
    """Sites by need, the upgrade list, totals and what was left out; numbers stay numbers."""
    decided = decisions or {}
    return AreaMerge.model_validate(
        {
            "schema": AREA_SCHEMA,
            "agent": {"version": __version__},
            "at": report.at,
            "authoritative": report.authoritative,
            "files": report.files,
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
            "problems": tuple(
                {"source": item.source, "problem": both(item.problem)} for item in report.problems
            ),
        }
    )


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
        "profile": site.profile,
        "authoritative": site.authoritative,
        "flags": site.flags,
    }
