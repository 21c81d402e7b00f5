"""A hidden sheet that spells totals: words of three digits to look up, and a line for each total. See
text.spelled."""

from __future__ import annotations

from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]

from camagent.report.sheet import OpenWorkbook
from camagent.text import say
from camagent.text.spelled import BARE_FIRST, GROUPS, MAX_SPELLED, SCALES, group_words, groups_of, spelled

GAP = "\x00"  # where the words stand in their sentence


class SpelledSheet:
    """Lines of formulas that turn a cell's amount into words, whatever it becomes."""

    def __init__(self, lang: str) -> None:
        self.lang = lang
        self.name = say("report.annex.spelled", lang)
        self._lines: list[tuple[str, int, str]] = []

    def of(self, cell: str, amount: float, currency: str) -> tuple[str, str]:
        """The formula that spells that cell, and what it gives for that amount."""
        whole = round(amount)
        text = spelled(whole, self.lang) if 0 <= whole <= MAX_SPELLED else ""
        self._lines.append((cell, whole, text))
        before, _, after = say("report.annex.in_words", self.lang, words=GAP, currency=currency).partition(
            GAP
        )
        place = f"'{self.name}'!$J${len(self._lines)}"
        formula = f'="{_quoted(before)}"&UPPER(LEFT({place},1))&MID({place},2,999)&"{_quoted(after)}"'
        return formula, f"{before}{text[:1].upper()}{text[1:]}{after}"

    def write(self, book: OpenWorkbook) -> None:
        """Put the sheet behind all others."""
        sheet: Worksheet = book.workbook.add_worksheet(self.name)
        sheet.hide()
        plain, number = book.styles["plain"], book.number("0")
        for group in range(GROUPS):
            sheet.write_string(group, 0, group_words(group, self.lang, leading=True), plain)
            sheet.write_string(group, 1, group_words(group, self.lang, leading=False), plain)
        for line, (cell, whole, text) in enumerate(self._lines):
            row = line + 1
            sheet.write_formula(line, 3, f"=ROUND({cell},0)", number, whole)
            for place, group in enumerate(groups_of(whole)):
                power = 3 * (4 - place)
                rest = f"-{GROUPS}*INT(D{row}/10^{power + 3})" if place else ""
                sheet.write_formula(line, 4 + place, f"=INT(D{row}/10^{power}){rest}", number, group)
            sheet.write_formula(line, 9, self._joined(row), plain, text)

    def _joined(self, row: int) -> str:
        """The groups' words with their scales; the first one that is not empty is read without leading
        zeros."""
        pieces = []
        for place, scale in enumerate(SCALES[self.lang]):
            cell = f"{'EFGHI'[place]}{row}"
            above = f"SUM(E{row}:{'EFGHI'[place - 1]}{row})" if place else "0"
            word = f"INDEX($A$1:$B${GROUPS},{cell}+1,IF({above}=0,1,2))"
            after = f'IF(F{row}=0,"{BARE_FIRST[self.lang]}","{scale}")' if place == 0 else f'"{scale}"'
            pieces.append(f'IF({cell}=0,"",{word}&" "&{after}&" ")')
        spoken = f"TRIM({'&'.join(pieces)})"
        return f'=IF(OR(D{row}<0,D{row}>{MAX_SPELLED}),"",IF(D{row}=0,$A$1,{spoken}))'


def _quoted(text: str) -> str:
    return text.replace('"', '""')
