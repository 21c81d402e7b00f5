"""Many schools' results as one list to decide from: newest per school, ranked by need, with doubts beside.
Pure.

Unknown never looks like no need: beside the share that is surely not ready stands the share that may be.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import chain
from pathlib import Path

from camagent.area.processes import in_processes
from camagent.area.reading import SourceProblem as SourceProblem
from camagent.area.reading import find_files, read_file
from camagent.area.school_summary import RANKS, Frame, School, school_of
from camagent.area.school_summary import AreaOptions as AreaOptions
from camagent.area.school_summary import AreaSite as AreaSite
from camagent.document.progress import Progress
from camagent.document.read import DocumentError
from camagent.document.school_sightings import SightingView, asked_sighting
from camagent.document.tenders import TenderClass, tender_classes
from camagent.document.upgrade_rows import Budget, UpgradeRow, budget_of, row_order
from camagent.model.finding import Action, Verdict
from camagent.model.text import message
from camagent.text.vietnamese import SortKey, clean_line, sort_key

TellFile = Callable[[int, int], None]
"""Told after each file: how many are read, of how many."""


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
    rule_titles: tuple[tuple[str, str], ...]
    """What those rules ask for, in words, as far as a document says."""
    files: int
    rank: str = RANKS[0]
    """By what the schools are ordered."""
    tenders: tuple[TenderClass, ...] = ()
    """What to buy, once for each class of camera."""
    fine: tuple[SightingView, ...] = ()
    """The cameras that need nothing."""
    out: tuple[SightingView, ...] = ()
    """The cameras out of service: listed, in no count."""
    progress: Progress | None = None
    """What became of what was asked before, where that was wanted."""
    ward: str | None = None
    """The only ward that was taken; None: all."""

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

    def sightings(self) -> Iterator[SightingView]:
        """Every camera of every school, for the record and for comparisons."""
        scanned = {(site.key, site.name): site.checked_at for site in self.sites}
        for row in self.rows:
            yield asked_sighting(row, scanned[row.site_id, row.site or row.site_id])
        yield from self.fine
        yield from self.out

    def amounts(self) -> dict[str, float]:
        """Sum of the price file's amounts by currency; rows without an amount are in none."""
        return dict(self.budget().amounts)

    def budget(self) -> Budget:
        """The same with how many rows it leaves out."""
        return budget_of(self.rows)


def merge_area(
    paths: Sequence[Path],
    now: datetime,
    lang: str,
    options: AreaOptions | None = None,
    progress: TellFile | None = None,
) -> AreaReport:
    """Read the files and folders named and merge them; what cannot be merged is named in `problems`."""
    files, problems = find_files(paths)
    frame = Frame(now, lang, options or AreaOptions(), len(files))

    def results() -> Iterator[School | SourceProblem]:
        for done, school in enumerate(in_processes(partial(_read, frame), files), start=1):
            yield school
            if progress:
                progress(done, len(files))

    return merge(results(), problems, frame)


def _read(frame: Frame, path: Path) -> School | SourceProblem:
    """The file's school. The search for rings of objects rests meanwhile: a document has none, and it takes
    an eighth of the time."""
    looked = gc.isenabled()
    gc.disable()
    try:
        return _school(frame, path)
    finally:
        if looked:
            gc.enable()


def _school(frame: Frame, path: Path) -> School | SourceProblem:
    content = read_file(path)
    if isinstance(content, SourceProblem):
        return content
    try:
        return school_of(content, frame)
    except DocumentError as error:
        return SourceProblem(content.source, error.problem)


def merge(
    schools: Iterable[School | SourceProblem], problems: Sequence[SourceProblem], frame: Frame
) -> AreaReport:
    """The newest result of each school, ranked; memory grows with the upgrade list, not with the files."""
    kept: dict[tuple[str, str], School] = {}
    named = list(problems)
    for school in schools:
        if isinstance(school, SourceProblem):
            named.append(school)
            continue
        key = (school.site.key, school.site.name.casefold())
        if (other := kept.get(key)) is None:
            kept[key] = school
            continue
        winner, loser = _newer(other, school)
        named.append(_duplicate(winner.site, loser.site))
        kept[key] = winner
    return _report(_doubt_shared_ids(list(kept.values()), named), named, frame)


def _newer(first: School, second: School) -> tuple[School, School]:
    return (second, first) if second.site.checked_at > first.site.checked_at else (first, second)


def _duplicate(winner: AreaSite, loser: AreaSite) -> SourceProblem:
    key = "older" if winner.checked_at > loser.checked_at else "same"
    gaps = {"source": loser.source, "used": winner.source, "site": loser.name}
    return SourceProblem(loser.source, message(f"area.duplicate.{key}", id=winner.key, **gaps))


def _doubt_shared_ids(schools: Sequence[School], problems: list[SourceProblem]) -> list[School]:
    """Schools of different names under one code: both stay, for dropping one would hide it; both are
    marked."""
    holders: dict[str, AreaSite] = {}
    shared: set[str] = set()
    for school in schools:
        site = school.site
        other = holders.setdefault(site.key, site)
        if other is not site:
            shared.add(site.key)
            gaps = {"source": site.source, "used": other.source, "site": site.name, "other": other.name}
            problems.append(
                SourceProblem(site.source, message("area.duplicate.shared_id", id=site.key, **gaps))
            )
    return [
        replace(school, site=replace(school.site, flags=(*school.site.flags, "shared_id")))
        if school.site.key in shared
        else school
        for school in schools
    ]


def _report(all_schools: Sequence[School], problems: Sequence[SourceProblem], frame: Frame) -> AreaReport:
    ward = frame.options.ward
    schools = [
        school
        for school in all_schools
        if ward is None or clean_line(school.site.area).casefold() == clean_line(ward).casefold()
    ]
    usual = Counter(school.digest for school in schools).most_common(1)
    sites: list[AreaSite] = []
    rules: Counter[str] = Counter()
    titles: dict[str, str] = {}
    for school in schools:
        flags = school.site.flags if school.digest == usual[0][0] else (*school.site.flags, "other_profile")
        sites.append(replace(school.site, flags=flags))
        rules.update(school.failing)
        titles |= school.titles
    amounts = {school.site.source: sum(row.cost_amount or 0.0 for row in school.rows) for school in schools}
    sites.sort(key=lambda site: (*_need(site, frame.options.rank, amounts), *_rank(site)))
    place = {(site.key, site.name): number for number, site in enumerate(sites)}
    ranked = sorted(schools, key=lambda school: place[school.site.key, school.site.name])
    rows = chain.from_iterable(sorted(school.rows, key=row_order) for school in ranked)
    return AreaReport(
        at=frame.now,
        levels=frame.options.levels,
        sites=tuple(sites),
        rows=tuple(rows),
        problems=tuple(problems),
        failing_rules=tuple(sorted(rules.items(), key=lambda item: (-item[1], item[0]))),
        rule_titles=tuple(sorted(titles.items())),
        files=frame.files,
        rank=frame.options.rank,
        tenders=tender_classes(school.tenders for school in schools),
        fine=tuple(chain.from_iterable(school.fine for school in ranked)),
        out=tuple(chain.from_iterable(school.out for school in ranked)),
        ward=ward,
    )


def _need(site: AreaSite, rank: str, amounts: Mapping[str, float]) -> tuple[float, ...]:
    """What stands before the usual order: nothing, the number surely not ready, the amount, or the gates."""
    if rank == "count":
        return (-site.counts[Verdict.NOT_READY],)
    if rank == "gates":
        return -site.gates[Verdict.NOT_READY], -site.gates[Verdict.UNDETERMINED]
    return (-amounts[site.source],) if rank == "cost" else ()


def _rank(site: AreaSite) -> tuple[float, float, SortKey, str]:
    """Surely not ready first, then what may be, then the name."""
    return -site.need_low_ratio, -site.need_high_ratio, sort_key(site.name), site.key
