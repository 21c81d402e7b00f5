"""The upgrade list as it came back from the office: decisions read, doubts named, conflicts found. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from camagent.area.reviewed_lines import WORDS, read_lines
from camagent.document.decisions import Decision
from camagent.document.journal import JournalLine
from camagent.document.progress_wording import decision_text
from camagent.document.school_sightings import SightingView
from camagent.model.text import Filling, Message, message
from camagent.text.vietnamese import clean_line


@dataclass(frozen=True, slots=True)
class Stamp:
    """Whose decisions these are, from which day, and when they are recorded."""

    by: str
    as_of: date | None
    at: datetime


@dataclass(frozen=True, slots=True)
class WorkbookReview:
    """What the office wrote into one workbook."""

    source: str
    decisions: tuple[Decision, ...]
    undecided: tuple[str, ...]
    """Ids of the rows that nobody decided."""
    problems: tuple[Message, ...]
    """Rows that were left out, and why."""


@dataclass(frozen=True, slots=True)
class ReviewOutcome:
    """A reviewed list against what was decided before."""

    record: tuple[Decision, ...]
    """To be added to the store: new decisions and changed ones."""
    conflicts: tuple[Message, ...]
    """Decisions that contradict earlier ones; they are in `record`, which nobody may keep without a word."""
    emptied: tuple[Message, ...]
    """Where cells are empty that held a decision: nothing is taken back, but it is told."""
    unchanged: int


def read_reviewed(content: bytes, source: str, stamp: Stamp) -> WorkbookReview:
    """Read the decisions of a reviewed workbook, in either language, whatever the office sorted or filtered.

    Raises: OperatorError where it is no such workbook, or its lines were torn apart.
    """
    source = clean_line(source)
    decisions: dict[str, Decision] = {}
    twice: set[str] = set()
    problems: list[Message] = []
    undecided: list[str] = []
    for line in read_lines(content, source):
        place: dict[str, Filling] = {"source": source, "cell": line.cell}
        if not line.word:
            undecided += [line.row_id] if line.row_id else []
            if line.note:
                problems.append(message("area.reviewed.note_only", **place))
            continue
        decision = WORDS.get(line.word.casefold())
        if decision is None:
            problems.append(message("area.reviewed.unknown_word", **place, word=line.word[:40]))
        elif not line.row_id:
            problems.append(message("area.reviewed.no_id", **place))
        elif line.row_id in decisions and decisions[line.row_id].decision != decision:
            problems.append(message("area.reviewed.twice", **place, id=line.row_id))
            twice.add(line.row_id)
        else:
            decisions[line.row_id] = Decision(
                line.row_id, decision, line.note or None, source, stamp.at, stamp.by, stamp.as_of
            )
    kept = tuple(item for item in decisions.values() if item.row_id not in twice)
    return WorkbookReview(source, kept, tuple(undecided), tuple(problems))


def apply_reviewed(
    reviewed: WorkbookReview, earlier: Mapping[str, Decision], cameras: Mapping[str, SightingView], lang: str
) -> ReviewOutcome:
    """What is new against the earlier decisions, and where it says something else than they.

    cameras: as the record knows them by every id, to name them; an id of before a camera moved is followed.
    """
    record: list[Decision] = []
    conflicts: list[Message] = []
    unchanged = 0
    for decision in reviewed.decisions:
        camera = cameras.get(decision.row_id)
        item = decision if camera is None else replace(decision, row_id=camera.row_id)
        before = earlier.get(item.row_id)
        if before and (before.decision, before.note) == (item.decision, item.note):
            unchanged += 1
            continue
        record.append(item)
        if before and _contradicts(before, item):
            conflicts.append(_conflict(before, item, camera, lang))
    count = sum(row_id in earlier for row_id in reviewed.undecided)
    emptied = (message("area.reviewed.emptied", source=reviewed.source, count=count),) if count else ()
    return ReviewOutcome(tuple(record), tuple(conflicts), emptied, unchanged)


def _contradicts(before: Decision, after: Decision) -> bool:
    """Another decision, or another remark in place of one that somebody made."""
    another_note = bool(before.note and after.note and before.note != after.note)
    return before.decision != after.decision or another_note


def summary(reviewed: WorkbookReview, applied: ReviewOutcome) -> Message:
    """One line for the person who ran the command."""
    counts = {"new": len(applied.record), "same": applied.unchanged, "conflicts": len(applied.conflicts)}
    return message("area.reviewed.recorded", source=reviewed.source, empty=len(reviewed.undecided), **counts)


def _conflict(before: Decision, after: Decision, camera: SightingView | None, lang: str) -> Message:
    line = JournalLine(after, camera)
    return message(
        "area.reviewed.conflict",
        camera=f"{line.site}, {line.name}",
        before=decision_text(before, lang),
        after=decision_text(after, lang),
        earlier=before.source,
        source=after.source,
    )
