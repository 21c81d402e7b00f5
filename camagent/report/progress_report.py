"""What became of what was asked: on a terminal, and as a sheet of a workbook. Prints; decides nothing."""

from __future__ import annotations

from collections.abc import Iterator

from camagent.document.journal import JournalLine
from camagent.document.progress import CameraProgress, Progress
from camagent.document.progress_wording import (
    asked_text,
    became_text,
    counts_text,
    heading_text,
    step_reason_text,
)
from camagent.report.sheet import Cell, Column, Group, Table
from camagent.text import say
from camagent.text.moments import day_text, moment_text

MAX_LISTED = 20  # cameras of one kind on a terminal; page and workbook have them all
WIDTHS = {"site": 24.0, "camera": 34.0, "before": 18.0, "now": 18.0, "why": 66.0}
JOURNAL_WIDTHS = {"day": 11.0, "site": 26.0, "camera": 34.0, "decision": 14.0, "by": 22.0, "note": 24.0}
JOURNAL_ENDS = {"source": 22.0, "at": 16.0}


def progress_lines(progress: Progress, lang: str) -> Iterator[str]:
    """What is compared, the counts, then the cameras kind by kind."""
    yield heading_text(progress, lang)
    yield counts_text(progress, lang) if progress.steps else say("report.progress.none", lang)
    for kind in CameraProgress:
        steps = [step for step in progress.steps if step.became is kind]
        for step in steps[:MAX_LISTED]:
            camera = step.camera
            who = ", ".join(dict.fromkeys(filter(None, (camera.site, camera.name, camera.address))))
            asked = asked_text(step.before, lang) or asked_text(step.now, lang)
            yield f"  {became_text(kind, lang)}: {who} – {asked}. {step_reason_text(step, lang)}"
        if len(steps) > MAX_LISTED:
            yield "  " + say("report.progress.more", lang, count=len(steps) - MAX_LISTED)


def progress_table(progress: Progress, banner: list[tuple[str, str]], lang: str) -> Table:
    """The sheet: kind by kind, each camera with what was asked, what is asked, and why."""
    title = [
        ("title", say("report.progress.title", lang)),
        ("line", heading_text(progress, lang)),
        *banner,
        ("headline", counts_text(progress, lang) if progress.steps else say("report.progress.none", lang)),
    ]
    heads = {
        "site": say("report.column.site", lang),
        "camera": say("report.column.camera", lang),
        **{key: say(f"report.progress.{key}", lang) for key in ("before", "now", "why")},
    }
    columns = [Column(heads[key], width) for key, width in WIDTHS.items()]
    rows = _progress_rows(progress, lang)
    return Table(say("report.progress.sheet", lang), title, columns, rows, compact=True)


def _progress_rows(progress: Progress, lang: str) -> Iterator[list[Cell] | Group]:
    kind = None
    counts = progress.counts()
    for step in progress.steps:
        if step.became is not kind:
            kind = step.became
            word = became_text(kind, lang)
            yield Group(say("report.progress.count", lang, what=word, count=counts[kind]))
        camera = step.camera
        where = ", ".join(dict.fromkeys(filter(None, (camera.name, camera.address, camera.place))))
        place = ", ".join(filter(None, (camera.site, camera.area)))
        texts = (asked_text(step.before, lang), asked_text(step.now, lang), step_reason_text(step, lang))
        yield [place, where, *texts]


def journal_table(lines: list[JournalLine], lang: str) -> Table:
    """Every decision, oldest first: who, when, about which camera, from which file."""
    widths = {**JOURNAL_WIDTHS, **JOURNAL_ENDS}
    columns = [Column(say(f"area.journal.head_{key}", lang), width) for key, width in widths.items()]
    rows = (_journal_cells(line, lang) for line in lines)
    title = [("title", say("area.journal.title", lang)), ("line", say("area.journal.note", lang))]
    return Table(say("area.journal.sheet", lang), title, columns, rows, compact=True)


def _journal_cells(line: JournalLine, lang: str) -> list[Cell]:
    item = line.decision
    who = item.by or say("report.progress.nobody", lang)
    texts = (say(f"report.decision.{item.decision}", lang), who, item.note or "", item.source)
    return [day_text(item.day, lang), line.site, line.name, *texts, moment_text(item.at, lang)]
