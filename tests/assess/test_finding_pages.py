"""Every row of the shipped profile has its page with both languages, whole, and with commands that exist.

`docs/findings/README.md` is written by `python -m tests.assess.test_finding_pages > docs/findings/README.md`,
when a path in a maker's menu was added to `menus.toml`.
"""

from __future__ import annotations

import re
import shlex
import tomllib
import unicodedata
from itertools import chain, product
from pathlib import Path

import click

from camagent.assess.catalogue import CATALOGUE
from camagent.cli.main import COMMANDS, build
from camagent.text import LANGUAGES
from camagent.text.pages import BlockKind, finding_page, page_names
from tests.assess.judging import shipped
from tests.each import each

GAPS = ("required", "recommended")
"""What a page may leave open: `{required}` and `{recommended}`, filled from the profile that is in use."""
HEADINGS = {
    "vi": ("Nghĩa là gì", "Vì sao quan trọng", "Cách sửa", "Viết cho nhà cung cấp"),
    "en": ("What it means", "Why it matters", "How to fix it", "What to write to the supplier"),
}
"""The second-level headings that every page has, in this order."""
FOLDER = Path(__file__).resolve().parents[2] / "docs" / "findings"
ROWS = {row.id: row for row in shipped().rows}
PAGES = tuple(product(ROWS, LANGUAGES))
HEAD = """# One page for each finding

Each page bears the name of its row and has two parts, Vietnamese and English. `camagent explain ROW` shows it
with the values of the profile in use; in the files `{required}` and `{recommended}` stand for them. No figure
here is "what 3288 says".

## Where the menu paths come from

Written from `menus.toml` by `python -m tests.assess.test_finding_pages`; a test keeps the two equal. A path
that no public page shows is told in general words on the pages.

| maker | path | public page |
|---|---|---|
"""
MENUS = tomllib.loads((FOLDER / "menus.toml").read_text(encoding="utf-8"))["menu"]
MAKER_ITEM = re.compile(r"^- \*\*(Hikvision|Dahua|Axis)\*\*(.*)$", re.MULTILINE)
NAME = r"[A-Z]\w*(?:[ /&]+[A-Z]\w*)*"
MENU_PATH = re.compile(rf"{NAME}(?: → {NAME})+")


def index() -> str:
    return HEAD + "".join(
        f"| {menu['maker']} | {menu['path']} | [{menu['title']}]({menu['source']}) |\n" for menu in MENUS
    )


def whole(row: str) -> str:
    return (FOLDER / f"{row}.md").read_text(encoding="utf-8")


def raw(row: str, lang: str) -> str:
    """The part of that language."""
    _, *parts = re.split(r"^(?=# )", whole(row), flags=re.MULTILINE)
    assert len(parts) == len(LANGUAGES)
    return parts[LANGUAGES.index(lang)]


@each(PAGES, "/".join)
def test_every_row_has_a_page_with_every_heading(page_of: tuple[str, str]) -> None:
    row, lang = page_of
    page = finding_page(row, lang)
    assert page is not None, f"docs/findings/{row}.md is missing"
    assert page[0].kind is BlockKind.TITLE and page[0].text.startswith(f"{row}: ")
    headings = [number for number, block in enumerate(page) if block.kind is BlockKind.HEADING]
    assert tuple(page[number].text for number in headings) == HEADINGS[lang]
    for number in headings:
        assert page[number + 1].kind not in (BlockKind.HEADING, BlockKind.CASE), (
            "a heading with nothing below"
        )
    assert page[-1].kind is BlockKind.QUOTE
    assert unicodedata.normalize("NFC", raw(row, lang)) == raw(row, lang)


@each(ROWS)
def test_both_languages_have_the_same_parts(row: str) -> None:
    kinds = [[block.kind for block in finding_page(row, lang) or ()] for lang in LANGUAGES]
    assert kinds[0] == kinds[1]


def test_no_page_is_left_of_a_row_that_went() -> None:
    assert set(page_names()) == set(ROWS)


@each(PAGES, "/".join)
def test_a_gap_is_one_that_the_row_fills(page_of: tuple[str, str]) -> None:
    row, lang = page_of
    rule, values = CATALOGUE[ROWS[row].rule], dict(ROWS[row].parameters)
    for gap in re.findall(r"\{(\w*)\}", raw(row, lang)):
        assert gap in GAPS
        if rule.name != "pixel_density":  # its bound is that of the camera's task: the finding has it
            assert (rule.required if gap == "required" else rule.recommended) in values, gap


THRESHOLD = re.compile(
    r"\d+\s*(giây|ngày|hình/s|px|Mbit|kbit|%|fps|lux|dB|m\b|bit\b|days|seconds)", re.IGNORECASE
)


@each(PAGES, "/".join)
def test_a_page_names_no_threshold(page_of: tuple[str, str]) -> None:
    row, lang = page_of
    text = raw(row, lang).replace("10 Mbit/s", "")  # the speed of a port, no threshold
    assert THRESHOLD.search(text) is None
    assert "3288" not in text


@each(PAGES, "/".join)
def test_a_command_of_a_page_can_be_typed(page_of: tuple[str, str]) -> None:
    row, lang = page_of
    for line in re.findall(r"`camagent ([^`]+)`", raw(row, lang)):
        words = shlex.split(line)
        command: click.Command = build().get_command(click.Context(build()), words[0])  # type: ignore[assignment]
        assert words[0] in COMMANDS
        rest = words[1:]
        while isinstance(command, click.Group):
            command = command.commands[rest.pop(0)]
        options = set(chain.from_iterable(param.opts for param in command.params))
        typed = {word for word in rest if word.startswith("--")}
        assert typed <= options, line
        needed = (set(param.opts) for param in command.params if param.required and param.opts[0][0] == "-")
        assert all(typed & names for names in needed), line
        if words[0] == "answer":
            assert words[1] == row and words[1] in shipped().answerable(), line


@each(PAGES, "/".join)
def test_a_makers_menu_path_has_a_public_source(page_of: tuple[str, str]) -> None:
    """A path that somebody only remembers sends a technician into a menu that is not there."""
    row, lang = page_of
    sourced = {(menu["maker"], menu["path"]) for menu in MENUS}
    for maker, item in MAKER_ITEM.findall(raw(row, lang)):
        assert {(maker, path) for path in MENU_PATH.findall(item)} <= sourced
        assert "→" not in MENU_PATH.sub("", item)
    assert "→" not in MAKER_ITEM.sub("", raw(row, lang)), "a path outside of the makers' lines"


def test_every_source_is_that_of_a_path_on_the_pages() -> None:
    for lang in LANGUAGES:
        items: dict[str, str] = {}
        for row in ROWS:
            for maker, item in MAKER_ITEM.findall(raw(row, lang)):
                items[maker] = items.get(maker, "") + item
        unused = [menu["path"] for menu in MENUS if menu["path"] not in items[menu["maker"]]]
        assert not unused
    assert all(menu["source"].startswith("https://") and menu["title"] for menu in MENUS)


def test_both_languages_name_the_same_menus() -> None:
    for row in ROWS:
        vi, en = (MENU_PATH.findall(raw(row, lang)) for lang in LANGUAGES)
        assert vi == en, row


def test_the_index_is_that_of_the_pages() -> None:
    assert (FOLDER / "README.md").read_text(encoding="utf-8") == index()


if __name__ == "__main__":
    print(index(), end="")
