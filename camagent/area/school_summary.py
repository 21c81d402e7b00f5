"""One school in the area's merge: its counts, its doubts, its rows of the upgrade list. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from camagent.area.reading import SourceFile
from camagent.document.model import CameraView, ScanDocument
from camagent.document.school_sightings import (
    SightingView,
    excluded,
    excluded_sighting,
    fine_sighting,
    retired_sighting,
)
from camagent.document.tenders import Lines, tender_lines
from camagent.document.upgrade_rows import UpgradeRow, needs_something, row_order, upgrade_row
from camagent.document.wording import amount_text
from camagent.model.finding import Action, Outcome, Verdict
from camagent.text.vietnamese import clean_line

OLD_AFTER_DAYS = 45  # a monthly scan with two weeks' grace
LOW_COVERAGE_RATIO = 0.9  # of the devices found, one in ten not checked hides more than a rounding error
MANY_UNKNOWN_RATIO = 0.2  # one camera in five undetermined: the school's rank is a guess
FUTURE_S = 3600.0  # a scan dated more than an hour ahead: that machine's clock is wrong


RANKS = ("share", "count", "cost", "gates")
"""By what schools are ordered: share surely not ready, number surely not ready, amount of what is to be done,
cameras at gates surely not ready."""
_GATE = re.compile(r"(?<![^\W\d_])(gate|cổng)(?![^\W\d_])", re.IGNORECASE)
"""What the inventory's column of tasks calls a gate: the profile's key or the Vietnamese word, alone or amid
others. The alerts of monitoring/rules match the same."""


@dataclass(frozen=True, slots=True)
class Price:
    """What one kind of work costs by the office's own price file."""

    cost_class: str
    title: str
    amount: float | None
    currency: str


@dataclass(frozen=True, slots=True)
class AreaOptions:
    """What the area's office may choose."""

    ward: str | None = None
    """Only schools of that ward; None: all."""
    rank: str = RANKS[0]
    prices: Mapping[Action, Price] | None = None
    """In place of what the schools' own price files say; None: those count."""
    levels: tuple[str, ...] = ()
    """Names of the levels from school to top ("Trường", "Phường/Xã", "Thành phố"); empty: the catalogue's."""


@dataclass(frozen=True, slots=True)
class AreaSite:
    """One school in the ranking."""

    site_id: str
    name: str
    area: str
    city: str
    source: str
    checked_at: datetime
    age_days: float
    counts: Mapping[Verdict, int]
    not_checked: int
    """Addresses where a camera may be; what is known to be none does not count."""
    devices_found: int
    actions: Mapping[Action, int]
    profile: str
    authoritative: bool
    gates: Mapping[Verdict, int]
    """The cameras whose declared task is a gate."""
    out_of_service: int
    """Retired or excluded cameras: in no other count."""
    flags: tuple[str, ...]
    """Doubts about the data: "old", "future", "low_coverage", "many_unknown", "nothing_found",
    "other_profile", "sums_differ", "shared_id"."""

    @property
    def cameras(self) -> int:
        """Cameras judged."""
        return sum(self.counts.values())

    @property
    def need_low_ratio(self) -> float:
        """Share of cameras that are surely not ready."""
        return self.counts[Verdict.NOT_READY] / self.cameras if self.cameras else 0.0

    @property
    def need_high_ratio(self) -> float:
        """Share that may be not ready: undetermined and unchecked ones count; all, where nothing was
        found."""
        whole = self.cameras + self.not_checked
        return 1.0 - self.counts[Verdict.READY] / whole if whole else 1.0

    @property
    def key(self) -> str:
        """What makes it this school."""
        return self.site_id or self.name


@dataclass(frozen=True, slots=True)
class Frame:
    """By what a merge is made."""

    now: datetime
    lang: str
    options: AreaOptions
    files: int


@dataclass(frozen=True, slots=True)
class School:
    """What is kept of one document: its rows, not its findings."""

    site: AreaSite
    digest: str
    rows: tuple[UpgradeRow, ...]
    failing: tuple[str, ...]
    """Each rule as often as it failed."""
    titles: Mapping[str, str]
    """What those rules ask for, in words."""
    tenders: Mapping[Lines, int]
    """Each table of what to buy, with the number of its cameras."""
    fine: tuple[SightingView, ...]
    """The cameras that need nothing."""
    out: tuple[SightingView, ...]
    """The cameras out of service."""


def school_of(source: SourceFile, frame: Frame) -> School:
    """What the merge keeps of one document, in one pass over its cameras.

    Raises: DocumentError where one of them cannot be read.
    """
    document, rows = source.document, _SchoolCameras(frame)
    for camera in source.cameras:
        if excluded(camera, document.started_at):
            rows.out.append(excluded_sighting(document, camera, frame.lang))
        else:
            rows.take(document, camera)
    rows.out += (retired_sighting(document, camera, frame.lang) for camera in document.retired)
    site = _site(source, rows)
    return School(
        site,
        document.profile.digest,
        tuple(sorted(rows.rows, key=row_order)),
        tuple(rows.failing.elements()),
        rows.titles,
        rows.tenders,
        tuple(rows.fine),
        tuple(rows.out),
    )


@dataclass
class _SchoolCameras:
    """What is kept of the cameras so far."""

    frame: Frame
    counts: Counter[Verdict] = field(default_factory=Counter)
    gates: Counter[Verdict] = field(default_factory=Counter)
    actions: Counter[Action] = field(default_factory=Counter)
    failing: Counter[str] = field(default_factory=Counter)
    tenders: Counter[Lines] = field(default_factory=Counter)
    titles: dict[str, str] = field(default_factory=dict)
    rows: list[UpgradeRow] = field(default_factory=list)
    fine: list[SightingView] = field(default_factory=list)
    out: list[SightingView] = field(default_factory=list)

    def take(self, document: ScanDocument, camera: CameraView) -> None:
        """Count a camera that is in service."""
        lang = self.frame.lang
        self.counts[camera.verdict] += 1
        self.gates[camera.verdict] += at_gate(camera.task)
        self.actions[camera.upgrade.action] += 1
        failed = [finding for finding in camera.findings if finding.outcome is Outcome.FAIL]
        self.failing.update({clean_line(finding.rule) for finding in failed})
        self.titles |= {clean_line(f.rule): clean_line(f.title.to(lang)) for f in failed if f.title}
        if lines := tender_lines(camera.upgrade, lang):
            self.tenders[lines] += 1
        if needs_something(camera):
            self.rows.append(_priced(upgrade_row(document, camera, lang), self.frame))
        else:
            self.fine.append(fine_sighting(document, camera, lang))


def at_gate(task: str | None) -> bool:
    """The declared task of a camera is a gate."""
    return task is not None and _GATE.search(clean_line(task)) is not None


def _priced(row: UpgradeRow, frame: Frame) -> UpgradeRow:
    """The row with the office's own price, where it brought a price file."""
    if frame.options.prices is None:
        return row
    price = frame.options.prices.get(row.action)
    if price is None:
        return replace(row, cost_class="", cost="", cost_amount=None, cost_currency="")
    amount = amount_text(price.amount, price.currency, frame.lang)
    cost = f"{price.cost_class} – {price.title}" + (f" ({amount})" if amount else "")
    return replace(
        row, cost_class=price.cost_class, cost=cost, cost_amount=price.amount, cost_currency=price.currency
    )


def _site(source: SourceFile, rows: _SchoolCameras) -> AreaSite:
    document, frame, counts = source.document, rows.frame, rows.counts
    site = AreaSite(
        site_id=document.site.id,
        name=document.site.name or document.site.id,
        area=document.site.area,
        city=document.site.city,
        source=source.source,
        checked_at=document.started_at,
        age_days=(frame.now - document.started_at).total_seconds() / 86_400,
        counts={verdict: counts[verdict] for verdict in Verdict},
        not_checked=sum(row.why != "not_a_camera" for row in document.coverage.not_checked),
        devices_found=document.coverage.devices_found,
        actions=rows.actions,
        profile=f"{document.profile.id} {document.profile.version}".strip(),
        authoritative=document.profile.authoritative,
        gates={verdict: rows.gates[verdict] for verdict in Verdict},
        out_of_service=len(rows.out),
        flags=(),
    )
    return replace(site, flags=_flags(site, document))


def _flags(site: AreaSite, document: ScanDocument) -> tuple[str, ...]:
    whole = site.cameras + site.not_checked
    stated_counts = {verdict: getattr(document.summary, verdict.value) for verdict in Verdict}
    doubts = {
        "nothing_found": site.cameras == 0,
        "old": site.age_days > OLD_AFTER_DAYS,
        "future": site.age_days * 86_400 < -FUTURE_S,
        "low_coverage": whole > 0 and site.cameras / whole < LOW_COVERAGE_RATIO,
        "many_unknown": site.cameras > 0
        and site.counts[Verdict.UNDETERMINED] / site.cameras > MANY_UNKNOWN_RATIO,
        "sums_differ": stated_counts != dict(site.counts),
    }
    return tuple(flag for flag, raised in doubts.items() if raised)
