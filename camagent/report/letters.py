"""How much room a text takes in Times New Roman, so that rows are as high as their text and no higher. Pure.

Widths are those of the font, in thousandths of its size (Liberation Serif has the same); marks above and
below a Vietnamese letter take no width. The unit is a digit: that is what a workbook's column widths count
in.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from camagent.model.pairs import pairs_of

_BY_WIDTH = {
    250: " ,.",
    278: "ijlt/:;·",
    333: "Ifr()-[]!",
    389: "Js",
    444: "acez“”?",
    556: "FPS",
    611: "ELTZ",
    667: "BCR",
    722: "ADGHKNOQUVXYwĐ&",
    778: "m",
    889: "M",
    944: "W",
    1000: "…→—",
}
_WIDTHS = {letter: width for width, letter in pairs_of(_BY_WIDTH)}
DIGIT = 500
MARGIN_UNITS = 1.2  # a cell keeps that much free at its sides
_CLAUSE_ENDS = re.compile(r"(?=[.:;,]\s|\s\()")


@lru_cache(maxsize=65_536)
def units(text: str) -> float:
    """Width of the text on one line, in digits."""
    letters = (char for char in unicodedata.normalize("NFD", text) if not unicodedata.combining(char))
    return sum(_WIDTHS.get(letter, DIGIT) for letter in letters) / DIGIT


def line_count(text: str, width: float, bold: bool = False) -> int:
    """How many lines the text takes in a column of that width; words stay whole where they fit."""
    room = max(width - MARGIN_UNITS, 1.0) / (1.07 if bold else 1.0)
    count = 0
    for paragraph in text.split("\n"):
        count += 1
        used = 0.0
        for word in re.split(r"(?<=-)| ", paragraph):
            long = units(word)
            blank = units(" ") if used else 0.0
            if used and used + blank + long > room:
                count, used, blank = count + 1, 0.0, 0.0
            used += blank + long
            if used > room:  # a word longer than the line is broken
                count, used = count + int(used / room), used % room
    return count


def cut_to_width(text: str, width: float, end: str = "") -> str:
    """The text with `end`, on one line of that width: cut where a clause ends, else behind a word with
    "…"."""
    room = max(width - MARGIN_UNITS, 1.0)
    whole = f"{text}{end}"
    if units(whole) <= room:
        return whole
    ends = [match.start() for match in _CLAUSE_ENDS.finditer(text)]
    fitting = [place for place in ends if place and units(text[:place] + end) <= room]
    if fitting and units(text[: fitting[-1]]) > room / 3:
        return text[: fitting[-1]] + end
    words = text.split(" ")
    while len(words) > 1 and units(" ".join(words) + "…" + end) > room:
        words.pop()
    kept = " ".join(words)
    while kept and units(kept + "…" + end) > room:
        kept = kept[:-1]
    return f"{kept}…{end}"
