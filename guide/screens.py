"""A screen of a command, and its place between the markers of a page. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = {"vi": ROOT / "docs" / "huong-dan.vi.md", "en": ROOT / "docs" / "guide.md"}
LEFT_OUT = "…"
_PLACE = re.compile(r"<!-- screen: ([a-z-]+)(?:, exit (\d+))? -->\n(?:```text\n(.*?)\n```\n)?", re.DOTALL)
_COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_MOMENT = re.compile(
    r"\d{1,2}/\d{1,2}/\d{4} \d\d:\d\d|\d{4}-\d\d-\d\d \d\d:\d\d|\d{1,2} \w{3} \d{4} \d\d:\d\d"
)
_ID = re.compile(r"\bcam-[0-9a-f]{12}\b")


@dataclass(frozen=True, slots=True)
class Part:
    """Which lines of a command's output stand on the page under that name.

    `first` and `last`: what the first and the last line match (empty: from the beginning, to the end);
    `most`: so many lines at most, None for all.
    """

    name: str
    first: str = ""
    last: str = ""
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Screen:
    """What stands on the page: the command as typed, then what it wrote."""

    name: str
    exit_code: int
    text: str

    @property
    def command(self) -> str:
        """What was typed."""
        return self.text.partition("\n")[0].removeprefix("$ ")

    @property
    def addresses(self) -> frozenset[str]:
        """Which cameras are named."""
        return frozenset(re.findall(r"\b192\.168\.1\.\d+\b(?!/)", self.text))


def steady(text: str, home: str) -> str:
    """Output without what differs at every run: colours, moments, ids, the scratch home, blanks at ends."""
    text = _COLOUR.sub("", text).replace(home, "~")
    text = _ID.sub("cam-…", _MOMENT.sub("__/__/____ __:__", text))
    lines = [line.rstrip() for line in text.splitlines()]
    return re.sub(r"\n{2,}", "\n\n", "\n".join(lines)).strip("\n")


def screen_of(part: Part, command: str, exit_code: int, output: str) -> Screen:
    """The part's lines of a steady output, with a sign where lines are left out.

    Raises: ValueError where no line is as the part asks.
    """
    lines = output.splitlines()
    begin = _index(lines, part.first) if part.first else 0
    end = _index(lines, part.last) + 1 if part.last else len(lines)
    if part.most is not None:
        end = min(end, begin + part.most)
    shown = [f"$ {command}"]
    shown += [LEFT_OUT] if begin else []
    shown += lines[begin:end]
    shown += [LEFT_OUT] if end < len(lines) else []
    return Screen(part.name, exit_code, "\n".join(shown))


def _index(lines: list[str], pattern: str) -> int:
    for number, line in enumerate(lines):
        if re.search(pattern, line):
            return number
    raise ValueError(f"no line has {pattern!r}: {lines[-5:]}")


def read_screens(page: str) -> list[Screen]:
    """The screens of a page, in its order; an empty text where a marker has none yet."""
    return [Screen(name, int(code or -1), text) for name, code, text in _PLACE.findall(page)]


def with_screens(page: str, screens: Mapping[str, Screen]) -> str:
    """The page with these screens behind their markers.

    Raises: KeyError for a marker without a screen.
    """

    def place(match: re.Match[str]) -> str:
        screen = screens[match[1]]
        return f"<!-- screen: {screen.name}, exit {screen.exit_code} -->\n```text\n{screen.text}\n```\n"

    return _PLACE.sub(place, page)
