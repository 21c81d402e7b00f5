"""Many schools' results as one list to decide from: newest per school, ranked by need, with doubts beside. Pure.

Unknown never looks like no need: beside the share that is surely not ready stands the share that may be.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from camagent.model.finding import Action, Outcome, Verdict
from camagent.model.text import message
from camagent.publish.area.reading import SourceFile as SourceFile
from camagent.publish.area.reading import SourceProblem as SourceProblem
from camagent.publish.area.reading import find_files, read_files
from camagent.publish.upgrade_rows import UpgradeRow, row_order, upgrade_rows
from camagent.publish.vietnamese import SortKey, clean_line, sort_key
from camagent.publish.view import DocumentCore

OLD_AFTER_DAYS = 45  # a monthly scan with two weeks' grace; options may say otherwise
LOW_COVERAGE_RATIO = 0.9  # of the devices found, one in ten not checked hides more than a rounding error
MANY_UNKNOWN_RATIO = 0.2  # one camera in five undetermined: the school's rank is a guess
FUTURE_S = 3600.0  # a scan dated more than an hour ahead: that machine's clock is wrong

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class AreaOptions:
    """What the area's office may choose."""

    old_after_days: int = OLD_AFTER_DAYS
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
    flags: tuple[str, ...]
    """Doubts about the data: "old", "future", "low_coverage", "many_unknown", "nothing_found", "other_profile",
    "sums_differ", "shared_id"."""

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
        """Share that may be not ready: undetermined and unchecked ones count; all, where nothing was found."""
        whole = self.cameras + self.not_checked
        return 1.0 - self.counts[Verdict.READY] / whole if whole else 1.0

    @property
    def key(self) -> str:
        """What makes it this school."""
        return self.site_id or self.name


@dataclass(frozen=True, slots=True)
class AreaReport:
    """The merge: what an area's office reads and decides from."""

    at: datetime
    levels: tuple[str, ...]
    sites: tuple[AreaSite, ...]
    """Greatest need first."""
    rows: tuple[UpgradeRow, ...]
    """Every camera that needs something, in the order of the sites."""
    problems: tuple[SourceProblem, ...]
    failing_rules: tuple[tuple[str, int], ...]
    """How many cameras fail each rule, the most frequent first."""
    files: int

    @property
    def authoritative(self) -> bool:
        """Every school was judged by an authoritative profile."""
        return bool(self.sites) and all(site.authoritative for site in self.sites)

    def count(self, verdict: Verdict) -> int:
        """Cameras with that verdict in all schools."""
        return sum(site.counts[verdict] for site in self.sites)

    def actions(self) -> Counter[Action]:
        """Cameras by what to do."""
        return Counter(row.action for row in self.rows)

    def cost_classes(self) -> Counter[str]:
        """Cameras by cost class; "" has none."""
        return Counter(row.cost_class for row in self.rows)

    def amounts(self) -> dict[str, float]:
        """Sum of the price file's amounts by currency; rows without an amount are in none."""
        sums: dict[str, float] = {}
        for row in self.rows:
            if row.cost_amount is not None:
                sums[row.cost_currency] = sums.get(row.cost_currency, 0.0) + row.cost_amount
        return sums


@dataclass(frozen=True, slots=True)
class _School:
    """What is kept of one document: its rows, not its findings."""

    site: AreaSite
    digest: str
    rows: tuple[UpgradeRow, ...]
    failing: tuple[str, ...]


def merge_area(
    paths: Sequence[Path],
    now: datetime,
    lang: str,
    options: AreaOptions | None = None,
    progress: Progress | None = None,
) -> AreaReport:
    """Read the files and folders named and merge them; what cannot be merged is named in `problems`."""
    files, problems = find_files(paths)

    def told() -> Iterable[SourceFile | SourceProblem]:
        for done, source in enumerate(read_files(files), start=1):
            yield source
            if progress:
                progress(done, len(files))

    return merge(told(), problems, Frame(now, lang, options or AreaOptions(), len(files)))


@dataclass(frozen=True, slots=True)
class Frame:
    """By what a merge is made."""

    now: datetime
    lang: str
    options: AreaOptions
    files: int


def merge(sources: Iterable[SourceFile | SourceProblem], problems: Sequence[SourceProblem], frame: Frame) -> AreaReport:
    """The newest document of each school, ranked; memory grows with the upgrade list, not with the files."""
    kept: dict[tuple[str, str], _School] = {}
    named = list(problems)
    for source in sources:
        if isinstance(source, SourceProblem):
            named.append(source)
            continue
        school = _school(source, frame)
        key = (school.site.key, school.site.name.casefold())
        if (other := kept.get(key)) is None:
            kept[key] = school
            continue
        winner, loser = _newer(other, school)
        named.append(_duplicate(winner.site, loser.site))
        kept[key] = winner
    return _report(_doubt_shared_ids(list(kept.values()), named), named, frame)


def _newer(first: _School, second: _School) -> tuple[_School, _School]:
    return (second, first) if second.site.checked_at > first.site.checked_at else (first, second)


def _duplicate(winner: AreaSite, loser: AreaSite) -> SourceProblem:
    key = "older" if winner.checked_at > loser.checked_at else "same"
    gaps = {"source": loser.source, "used": winner.source, "site": loser.name}
    return SourceProblem(loser.source, message(f"area.duplicate.{key}", id=winner.key, **gaps))


def _doubt_shared_ids(schools: Sequence[_School], problems: list[SourceProblem]) -> list[_School]:
    """Schools of different names under one code: both stay, for dropping one would hide it; both are marked."""
    holders: dict[str, AreaSite] = {}
    shared: set[str] = set()
    for school in schools:
        site = school.site
        other = holders.setdefault(site.key, site)
        if other is not site:
            shared.add(site.key)
            gaps = {"source": site.source, "used": other.source, "site": site.name, "other": other.name}
            problems.append(SourceProblem(site.source, message("area.duplicate.shared_id", id=site.key, **gaps)))
    return [
        replace(school, site=replace(school.site, flags=(*school.site.flags, "shared_id")))
        if school.site.key in shared
        else school
        for school in schools
    ]


def _school(source: SourceFile, frame: Frame) -> _School:
    document = source.document
    counts = Counter(camera.verdict for camera in document.cameras)
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
        actions=Counter(camera.upgrade.action for camera in document.cameras),
        profile=f"{document.profile.id} {document.profile.version}".strip(),
        authoritative=document.profile.authoritative,
        flags=(),
    )
    failing = Counter(
        rule
        for camera in document.cameras
        for rule in {clean_line(item.rule) for item in camera.findings if item.outcome is Outcome.FAIL}
    )
    site = replace(site, flags=_flags(site, document, frame.options))
    rows = tuple(upgrade_rows(document, frame.lang))
    return _School(site, document.profile.digest, rows, tuple(failing.elements()))


def _flags(site: AreaSite, document: DocumentCore, options: AreaOptions) -> tuple[str, ...]:
    whole = site.cameras + site.not_checked
    told = {verdict: getattr(document.summary, verdict.value) for verdict in Verdict}
    doubts = {
        "nothing_found": site.cameras == 0,
        "old": site.age_days > options.old_after_days,
        "future": site.age_days * 86_400 < -FUTURE_S,
        "low_coverage": whole > 0 and site.cameras / whole < LOW_COVERAGE_RATIO,
        "many_unknown": site.cameras > 0 and site.counts[Verdict.UNDETERMINED] / site.cameras > MANY_UNKNOWN_RATIO,
        "sums_differ": told != dict(site.counts),
    }
    return tuple(flag for flag, raised in doubts.items() if raised)


def _report(schools: Sequence[_School], problems: Sequence[SourceProblem], frame: Frame) -> AreaReport:
    usual = Counter(school.digest for school in schools).most_common(1)
    sites: list[AreaSite] = []
    rules: Counter[str] = Counter()
    for school in schools:
        flags = school.site.flags if school.digest == usual[0][0] else (*school.site.flags, "other_profile")
        sites.append(replace(school.site, flags=flags))
        rules.update(school.failing)
    sites.sort(key=_rank)
    place = {(site.key, site.name): number for number, site in enumerate(sites)}
    ranked = sorted(schools, key=lambda school: place[school.site.key, school.site.name])
    return AreaReport(
        at=frame.now,
        levels=frame.options.levels,
        sites=tuple(sites),
        rows=tuple(row for school in ranked for row in sorted(school.rows, key=row_order)),
        problems=tuple(problems),
        failing_rules=tuple(sorted(rules.items(), key=lambda item: (-item[1], item[0]))),
        files=frame.files,
    )


def _rank(site: AreaSite) -> tuple[float, float, SortKey, str]:
    """Surely not ready first, then what may be, then the name."""
    return -site.need_low_ratio, -site.need_high_ratio, sort_key(site.name), site.key
