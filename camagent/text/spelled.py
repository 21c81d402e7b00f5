"""Amounts in words, as a signed paper has them ("Bằng chữ"), in Vietnamese and English. Pure.

A workbook spells a total that changes while the office decides: it looks the groups of three digits up in
`GROUPS` numbers of words and joins them as `spelled` does. Both are made from the same parts, and tests
compare them.
"""

from __future__ import annotations

from collections.abc import Sequence

GROUPS = 1000  # a group of three digits has as many values
MAX_SPELLED = 10**15 - 1  # five groups; a spreadsheet keeps 15 digits
_DIGITS = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
_AFTER_TENS = _DIGITS[:1] + ("mốt", *_DIGITS[2:4], "tư", "lăm", *_DIGITS[6:])
_SMALL = (
    *(
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
    ),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
SCALES: dict[str, tuple[str, str, str, str, str]] = {
    "vi": ("nghìn", "tỷ", "triệu", "nghìn", ""),
    "en": ("trillion", "billion", "million", "thousand", ""),
}
"""What follows each group of three digits, the greatest first."""
BARE_FIRST: dict[str, str] = {"vi": "nghìn tỷ", "en": "trillion"}
"""What follows the greatest group where the next one is empty: 5.000.000.000.000 is "năm nghìn tỷ"."""


def spelled(amount: int, lang: str) -> str:
    """A whole amount in words, small letters, without a currency.

    Raises: ValueError below zero or above MAX_SPELLED.
    """
    if not 0 <= amount <= MAX_SPELLED:
        raise ValueError("amount out of range")
    if amount == 0:
        return group_words(0, lang, leading=True)
    groups = groups_of(amount)
    scales = SCALES[lang] if groups[1] else (BARE_FIRST[lang], *SCALES[lang][1:])
    pieces: list[str] = []
    for group, scale in zip(groups, scales, strict=True):
        if group:
            pieces += [group_words(group, lang, leading=not pieces), scale]
    return " ".join(filter(None, pieces))


def groups_of(amount: int) -> Sequence[int]:
    """The five groups of three digits, the greatest first."""
    return [amount // GROUPS**power % GROUPS for power in (4, 3, 2, 1, 0)]


def group_words(group: int, lang: str, leading: bool) -> str:
    """Three digits in words; in Vietnamese a group that is not the first names its empty hundreds and
    tens."""
    return _vietnamese(group, leading) if lang == "vi" else _english(group)


def _vietnamese(group: int, leading: bool) -> str:
    hundreds, tens, ones = group // 100, group // 10 % 10, group % 10
    words: list[str] = []
    whole = hundreds > 0 or not leading
    if whole:
        words += [_DIGITS[hundreds], "trăm"]
    if tens > 1:
        words += [_DIGITS[tens], "mươi"]
    elif tens == 1:
        words.append("mười")
    elif ones and whole:
        words.append("linh")
    if ones and tens > 1:
        words.append(_AFTER_TENS[ones])
    elif ones:
        words.append("lăm" if tens == 1 and ones == 5 else _DIGITS[ones])
    return " ".join(words) or _DIGITS[0]


def _english(group: int) -> str:
    hundreds, rest = group // 100, group % 100
    words = [_SMALL[hundreds], "hundred"] if hundreds else []
    if rest >= 20:
        words.append(f"{_TENS[rest // 10]}-{_SMALL[rest % 10]}" if rest % 10 else _TENS[rest // 10])
    elif rest or not hundreds:
        words.append(_SMALL[rest])
    return " ".join(words)
