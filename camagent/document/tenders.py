"""What to buy: one table for each class of camera that is to be replaced. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from zlib import crc32

from camagent.document.model import ScanDocument, UpgradeView
from camagent.document.wording import basis_text
from camagent.model.finding import Action
from camagent.text import say
from camagent.text.vietnamese import clean_paragraph

Lines = tuple[tuple[str, str, str], ...]
"""Criterion, requirement, basis of each line, in words of one language."""


@dataclass(frozen=True, slots=True)
class TenderClass:
    """Cameras that are bought by the same table."""

    key: str
    lines: Lines
    cameras: int


def tender_lines(upgrade: UpgradeView, lang: str) -> Lines:
    """The table of one camera; the paragraph as its only line in an older document; empty where nothing is
    bought."""
    if upgrade.action is not Action.REPLACE:
        return ()
    if upgrade.tender_rows:
        buyer = say("report.tender.buyer", lang)
        return tuple(
            (
                row.criterion.to(lang),
                row.requirement.to(lang),
                basis_text(row.basis, lang) if row.basis else buyer,
            )
            for row in upgrade.tender_rows
        )
    if upgrade.tender is None:
        return ()
    return ((say("report.tender.paragraph", lang), clean_paragraph(upgrade.tender.to(lang)), ""),)


def tender_key(lines: Lines) -> str:
    """A short name of that table; empty for none."""
    return f"{crc32(repr(lines).encode()):08x}" if lines else ""


def tender_classes(counted: Iterable[Mapping[Lines, int]]) -> tuple[TenderClass, ...]:
    """Each table once with the number of its cameras, the most frequent first."""
    sums: dict[Lines, int] = {}
    for counts in counted:
        for lines, count in counts.items():
            sums[lines] = sums.get(lines, 0) + count
    ordered = sorted(sums.items(), key=lambda item: (-item[1], item[0]))
    return tuple(TenderClass(tender_key(lines), lines, count) for lines, count in ordered if lines)


def document_tenders(documents: Iterable[ScanDocument], lang: str) -> tuple[TenderClass, ...]:
    """What to buy for the cameras of these schools, once for each class."""
    cameras = chain.from_iterable(document.cameras for document in documents)
    return tender_classes({tender_lines(camera.upgrade, lang): 1} for camera in cameras)
