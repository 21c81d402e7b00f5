"""The sheet of what to buy: one numbered table for each class of camera that is to be replaced."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from camagent.document.tenders import TenderClass
from camagent.report.sheet import Cell, Column, Group, Table
from camagent.text import say

WIDTHS = {"number": 5.0, "criterion": 40.0, "requirement": 70.0, "basis": 40.0}


def tender_table(classes: Sequence[TenderClass], banner: Sequence[tuple[str, str]], lang: str) -> Table:
    """Criterion, requirement and basis of each line; below the banner it says that values may be
    provisional."""
    title = [
        ("title", say("report.tender.title", lang)),
        *banner,
        ("line", say("report.tender.note", lang)),
    ]
    columns = [
        Column(say(f"report.tender.{key}", lang), width, centred=key == "number")
        for key, width in WIDTHS.items()
    ]
    return Table(say("report.tender.sheet", lang), title, columns, _lines(classes, lang), compact=True)


def _lines(classes: Sequence[TenderClass], lang: str) -> Iterator[Sequence[Cell] | Group]:
    for place, item in enumerate(classes, start=1):
        yield Group(say("report.tender.class", lang, number=place, count=item.cameras))
        for number, line in enumerate(item.lines, start=1):
            yield (number, *line)
