"""The merge of an area as JSON, for other programs. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from camagent import __version__
from camagent.area import AreaReport, AreaSite
from camagent.document.decisions import Decision
from camagent.document.wording import stamp_text
from camagent.model.finding import Verdict
from camagent.text import both

SCHEMA = "camagent.area/1"


def area_document(report: AreaReport, decisions: Mapping[str, Decision] | None = None) -> dict[str, Any]:
    """Sites by need, the upgrade list, totals and what was left out; numbers stay numbers."""
    return {
        "schema": SCHEMA,
        "agent": {"version": __version__},
        "at": stamp_text(report.at),
        "authoritative": report.authoritative,
        "files": report.files,
        "summary": {
            **{verdict.value: report.count(verdict) for verdict in Verdict},
            "actions": {action.value: count for action, count in sorted(report.actions().items())},
            "cost_classes": dict(sorted(report.cost_classes().items())),
            "amounts": report.amounts(),
            "failing_rules": dict(report.failing_rules),
        },
        "sites": [_site(site) for site in report.sites],
        "upgrades": [
            {**asdict(row), "id": row.stable_id, "decision": _decision(row.stable_id, decisions or {})}
            for row in report.rows
        ],
        "problems": [{"source": item.source, "problem": asdict(both(item.problem))} for item in report.problems],
    }


def _site(site: AreaSite) -> dict[str, Any]:
    return {
        "id": site.site_id,
        "name": site.name,
        "area": site.area,
        "city": site.city,
        "source": site.source,
        "checked_at": stamp_text(site.checked_at),
        "age_days": round(site.age_days, 2),
        **{verdict.value: site.counts[verdict] for verdict in Verdict},
        "not_checked": site.not_checked,
        "devices_found": site.devices_found,
        "need_low_ratio": round(site.need_low_ratio, 4),
        "need_high_ratio": round(site.need_high_ratio, 4),
        "profile": site.profile,
        "authoritative": site.authoritative,
        "flags": list(site.flags),
    }


def _decision(row_id: str, decisions: Mapping[str, Decision]) -> dict[str, Any] | None:
    found = decisions.get(row_id)
    return {"decision": found.decision, "note": found.note, "at": stamp_text(found.at)} if found else None
