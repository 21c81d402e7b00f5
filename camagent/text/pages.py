"""The pages that explain a finding, one a row: `docs/findings/ROW.md`, a part under a title of its own for
each language in the order of `LANGUAGES`. Reads them, fills their gaps and takes them apart; knows no
requirement profile.

Of Markdown the pages use headings, numbered steps, items, quotes, `**strong**` and `` `code` `` only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path

from camagent.text import LANGUAGES

PACKAGE = Path(__file__).resolve().parents[1]


class BlockKind(Enum):
    """What a block of a page is."""

    TITLE = "title"
    HEADING = "heading"
    CASE = "case"
    """A third-level heading: one of the ways in which the requirement can be missed."""
    PARAGRAPH = "paragraph"
    STEP = "step"
    ITEM = "item"
    QUOTE = "quote"


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a line, in one style: "plain", "strong" or "code"."""

    style: str
    text: str


@dataclass(frozen=True, slots=True)
class Block:
    """One paragraph, heading, step, item or quote of a page."""

    kind: BlockKind
    text: str
    """As the page writes it, with its marks of style."""

    @property
    def spans(self) -> tuple[Span, ...]:
        """The text in pieces of one style each."""
        return tuple(_span(piece) for piece in _STYLED.split(self.text) if piece)

    @property
    def plain(self) -> str:
        """The text without its marks of style."""
        return "".join(span.text for span in self.spans)


_STYLED = re.compile(r"(\*\*[^*]+\*\*|`[^`]+`)")
_MARKS = (
    ("### ", BlockKind.CASE),
    ("## ", BlockKind.HEADING),
    ("# ", BlockKind.TITLE),
    ("- ", BlockKind.ITEM),
    ("> ", BlockKind.QUOTE),
)
_STEP = re.compile(r"\d+\. ")


def page_names() -> tuple[str, ...]:
    """The rows that have a page, sorted."""
    return tuple(sorted(path.stem for path in _folder().glob("*.md") if path.stem != "README"))


@cache
def finding_page(row: str, lang: str) -> tuple[Block, ...] | None:
    """The page of that row in that language, its gaps still open; None where it has none."""
    if row not in page_names():
        return None
    lines = (_folder() / f"{row}.md").read_text(encoding="utf-8").splitlines()
    blocks = [_block(line) for line in lines if line.strip()]
    titles = [place for place, block in enumerate(blocks) if block.kind is BlockKind.TITLE]
    first, end = (*titles, len(blocks))[LANGUAGES.index(lang) :][:2]
    return tuple(blocks[first:end])


def filled(blocks: tuple[Block, ...], required: str, recommended: str) -> tuple[Block, ...]:
    """The page with its two gaps filled; the words are only ever values, never a format."""
    return tuple(
        Block(block.kind, block.text.replace("{required}", required).replace("{recommended}", recommended))
        for block in blocks
    )


def _block(line: str) -> Block:
    for mark, kind in _MARKS:
        if line.startswith(mark):
            return Block(kind, line.removeprefix(mark).strip())
    step = _STEP.match(line)
    if step is not None:
        return Block(BlockKind.STEP, line[step.end() :].strip())
    return Block(BlockKind.PARAGRAPH, line.strip())


def _span(piece: str) -> Span:
    if piece.startswith("**"):
        return Span("strong", piece.strip("*"))
    if piece.startswith("`"):
        return Span("code", piece.strip("`"))
    return Span("plain", piece)


def _folder() -> Path:
    """In the wheel below `_assets`, in the source tree below docs."""
    packed = PACKAGE / "_assets" / "findings"
    return packed if packed.is_dir() else PACKAGE.parent / "docs" / "findings"
