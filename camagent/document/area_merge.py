"""The document of an area's merge, as published: schools by need and one upgrade list; `report.area_json`
fills it."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from camagent.document.model import AgentView, SummaryView
from camagent.document.values import Absent, Count, Moment, TextView, View, one_of_words
from camagent.model.finding import Action, Verdict

AREA_SCHEMA: Literal["camagent.area/1"] = "camagent.area/1"
Ratio = Annotated[float, Field(ge=0, le=1)]


class AreaSummary(SummaryView):
    """Cameras of all schools, counted."""

    actions: dict[str, Count]
    cost_classes: dict[str, Count]
    amounts: dict[str, float]
    without_amount: Count | Absent = None
    """Cameras of the list that are in no sum, because no price is declared for them."""
    failing_rules: dict[str, Count]


class SchoolView(View):
    """One school in the ranking."""

    id: str
    name: str
    area: str
    city: str
    source: str
    checked_at: Moment
    age_days: float
    ready: Count
    not_ready: Count
    undetermined: Count
    not_checked: Count
    devices_found: Count
    need_low_ratio: Ratio
    """Share of cameras surely not ready."""
    need_high_ratio: Ratio
    """Share that may be: undetermined and unchecked count."""
    gates_not_ready: Count = 0
    """Cameras with the declared task of watching a gate that are not ready."""
    gates_undetermined: Count = 0
    out_of_service: Count = 0
    """Retired or excluded for a time: in no other count."""
    profile: str
    authoritative: bool
    flags: tuple[
        Annotated[
            str,
            one_of_words(
                "nothing_found",
                "old",
                "future",
                "low_coverage",
                "many_unknown",
                "sums_differ",
                "other_profile",
                "shared_id",
            ),
        ],
        ...,
    ]


class DecisionView(View):
    """What the office decided about a row."""

    decision: Annotated[str, one_of_words("approve", "reject", "recheck")]
    note: str | None
    at: Moment
    by: str = ""
    """Who decided; empty in records of camagent 0.1.0."""
    day: date | None = None
    """The day from which it holds."""


class UpgradeRowView(View):
    """One camera of the upgrade list, in words of one language."""

    site_id: str
    site: str
    camera_id: str
    camera: str
    place: str
    address: str
    model: str
    verdict: Verdict
    action: Action
    certain: bool
    findings: str
    steps: str
    basis: str
    cost_class: str
    cost: str
    cost_amount: float | None
    cost_currency: str
    area: str = ""
    serial: str = ""
    reason: str = ""
    """The weightiest reason, on one line."""
    more_reasons: Count = 0
    ground: str = ""
    """On what that reason rests."""
    tender: str = ""
    """Key of the table in `tenders` by which it is bought."""
    maker: str = ""
    id: str
    """School and camera: what a decision refers to."""
    decision: DecisionView | None


class TenderLineView(View):
    """One line of what to buy, in words of one language."""

    criterion: str
    requirement: str
    basis: str


class TenderView(View):
    """What to buy for one class of cameras."""

    key: str
    cameras: Count
    lines: tuple[TenderLineView, ...]


class SourceProblemView(View):
    """A file that is not in the merge, and why."""

    source: str
    problem: TextView


class OutOfServiceView(View):
    """A camera that a person took out of the counts."""

    id: str
    site: str
    area: str
    camera: str
    address: str
    state: Annotated[str, one_of_words("retired", "excluded")]
    why: str


class ProgressStepView(View):
    """One camera between an earlier time and now, in words of one language."""

    became: Annotated[str, one_of_words("done", "replaced", "other", "stays", "unknown", "out", "new")]
    id: str
    site: str
    area: str
    camera: str
    address: str
    asked: Action | None
    """What was asked then; null: nothing was."""
    now: Action | None
    """What is asked now; null: not seen, or out of service."""
    why: str


class ProgressView(View):
    """What became of what was asked until a moment."""

    term: Annotated[str, one_of_words("", "hk1", "cn")]
    before_at: Moment
    """The last result of the earlier time began before this moment."""
    now_at: Moment
    asked: Count
    steps: tuple[ProgressStepView, ...]


class AreaMerge(View):
    """Schools by need, the upgrade list in one language, totals, files left out."""

    schema_name: Literal["camagent.area/1"] = Field(alias="schema")
    agent: AgentView
    at: Moment
    authoritative: bool
    """False: at least one school was judged by a provisional profile."""
    files: Count
    summary: AreaSummary
    sites: tuple[SchoolView, ...]
    upgrades: tuple[UpgradeRowView, ...]
    problems: tuple[SourceProblemView, ...]
    tenders: tuple[TenderView, ...] = ()
    rank: str = ""
    """By what the schools are ordered: share, count, cost, gates."""
    out_of_service: tuple[OutOfServiceView, ...] = ()
    progress: ProgressView | None = None
    """Only where a comparison was asked for."""
