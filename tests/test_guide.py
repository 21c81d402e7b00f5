"""The technician's hour: each screen stands in both languages, and each command in it exists."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import click
import pytest

from camagent.cli.main import build
from camagent.text import catalogue
from guide.hour import STEPS
from guide.screens import PAGES, ROOT, Part, Screen, read_screens, screen_of, steady, with_screens

LANGUAGES = sorted(PAGES)
SPEAKERS = {"findings", "plan", "picture", "report"}
"""The catalogues of which a step on a screen can be."""


def page(language: str) -> str:
    return PAGES[language].read_text(encoding="utf-8")


def commands(language: str) -> Iterator[str]:
    """Every command of the page: those of the screens, and those between backticks."""
    yield from (screen.command for screen in read_screens(page(language)))
    yield from (text for text in re.findall(r"`(camagent [^`\n]+)`", page(language)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_screen_of_the_hour_stands_on_the_page(language: str) -> None:
    screens = read_screens(page(language))
    command_lines: list[tuple[str, str]] = []
    for step in STEPS:
        command_lines += [(part.name, step.command) for part in step.parts]
    assert [(screen.name, screen.command) for screen in screens] == command_lines
    for screen in screens:
        assert screen.exit_code in (0, 1, 3), screen.name
        assert len(screen.text.splitlines()) > 1, screen.name
        assert "/tmp" not in screen.text and "\x1b" not in screen.text and "loop_lag" not in screen.text


def test_both_languages_show_the_same() -> None:
    assert shown("vi") == shown("en")
    assert headings("vi") == headings("en") and len(headings("vi")) == 10


def shown(language: str) -> list[tuple[str, int, frozenset[str]]]:
    return [(screen.name, screen.exit_code, screen.addresses) for screen in read_screens(page(language))]


def headings(language: str) -> list[str]:
    """The numbers of the sections."""
    return re.findall(r"^## (\d+)\.", page(language), re.MULTILINE)


def test_the_mended_camera_is_ready_in_the_end() -> None:
    """What the guide promises happened in the run that it shows."""
    for language in LANGUAGES:
        screens = {screen.name: screen for screen in read_screens(page(language))}
        assert screens["mended"].exit_code == 0
        assert "192.168.1.64" in screens["changed"].text and "IMG-RES" in screens["changed"].text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_command_exists_with_its_options(language: str) -> None:
    command_lines = list(commands(language))
    assert len(command_lines) > 10
    for text in command_lines:
        words = shlex.split(text)[1:]
        command: click.Command | None = build()
        context = click.Context(build(), info_name="camagent")
        while isinstance(command, click.Group) and words:
            command = command.get_command(context, words.pop(0))
            assert command is not None, text
            context = click.Context(command, info_name=command.name, parent=context)
        assert command is not None
        command.make_parser(context).parse_args(words)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_button_of_the_hour_is_called_so_on_the_page(language: str) -> None:
    """Section 9 sends the reader to `camagent ui`: what it prints bold is pressed or read there."""
    bold = re.findall(r"\*\*([^*]+)\*\*", page(language).rpartition("\n## 9.")[2])
    words = {text for key, text in catalogue(language).items() if key.startswith("ui.")}
    names = words | {re.sub(r"^\d\. ", "", text) for text in words}
    assert len(bold) > 5
    assert set(bold) <= names


README = {"vi": "README.vi.md", "en": "README.md"}
INDENTED = re.compile(r"^  → .*(?:\n  (?!→).*)*", re.MULTILINE)


def sentence(text: str) -> re.Pattern[str]:
    """What a sentence of the catalogue looks like on a screen, whatever stands in its gaps."""
    return re.compile(".+?".join(re.escape(piece) for piece in re.split(r"\{[^}]*\}", text)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_screen_shows_a_step_that_the_product_no_longer_says(language: str) -> None:
    """After a change of wording: `make guide`, and the README's lines from `camagent demo`."""
    spoken = (text for key, text in catalogue(language).items() if key.split(".")[0] in SPEAKERS)
    says = [sentence(text) for text in spoken if len(re.sub(r"\{[^}]*\}", "", text)) > 20]
    shown = page(language) + (ROOT / README[language]).read_text(encoding="utf-8")
    steps = [" ".join(step.split()).removeprefix("→ ") for step in INDENTED.findall(shown)]
    assert len(steps) > 5
    assert not [step for step in steps if not any(pattern.match(step) for pattern in says)]


def test_a_page_takes_its_screens_and_nothing_else_changes() -> None:
    before = "# A\n\n<!-- screen: one -->\n\nB `x`\n\n```\nmake demo\n```\n"
    shown = Screen("one", 3, "$ camagent doctor\nline \\1")
    after = with_screens(before, {"one": shown})
    assert read_screens(after) == [shown]
    assert with_screens(after, {"one": shown}) == after
    assert (
        after.replace(
            "<!-- screen: one, exit 3 -->\n```text\n$ camagent doctor\nline \\1\n```\n",
            "<!-- screen: one -->\n",
        )
        == before
    )
    with pytest.raises(KeyError):
        with_screens(before, {})


def test_what_differs_at_every_run_is_taken_out() -> None:
    output = "\x1b[1mCổng\x1b[0m 28/11/2026 15:42  \r\n\n\n\n/tmp/x1/data cam-92f402f322ec\n"
    assert steady(output, "/tmp/x1") == "Cổng __/__/____ __:__\n\n~/data cam-…"


def test_left_out_lines_are_told() -> None:
    output = "a\nb\nc\nd"
    assert screen_of(Part("x", first="b", last="c"), "camagent", 0, output).text == "$ camagent\n…\nb\nc\n…"
    assert screen_of(Part("x", most=1), "camagent", 0, output).text == "$ camagent\na\n…"
    assert screen_of(Part("x"), "camagent", 0, output).text == "$ camagent\na\nb\nc\nd"
    with pytest.raises(ValueError, match="no line"):
        screen_of(Part("x", first="z"), "camagent", 0, output)
