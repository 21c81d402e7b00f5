"""Sentences on a terminal are broken between words, and as they are in a pipe."""

from __future__ import annotations

import os
import shutil
import sys
from itertools import product

import pytest

from camagent.cli import terminal_lines
from camagent.cli.terminal_lines import in_terminal_lines
from camagent.text import LANGUAGES, say

ADDRESSES = ", ".join(f"192.168.100.{n}" for n in range(100, 140))
KEYS = ("report.banner.provisional", "cli.viewer_account", "cli.site_unnamed", "setup.ranges_none")
SENTENCES = [say(key, language) for language, key in product(LANGUAGES, KEYS)]


def on_terminal(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    for stream in (sys.stdout, sys.stderr):
        monkeypatch.setattr(stream, "isatty", lambda: True)
    monkeypatch.setattr(shutil, "get_terminal_size", lambda: os.terminal_size((columns, 24)))


def test_lines_fit_and_no_word_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    for columns in (60, 80, 132):
        on_terminal(monkeypatch, columns)
        for text in (*SENTENCES, ADDRESSES, f"10 camera:\n    → camagent scan --trust-new {ADDRESSES}"):
            lines = in_terminal_lines(text).split("\n")
            assert all(len(line) <= columns for line in lines), (columns, lines)
            assert " ".join(lines).split() == text.split()


def test_what_is_longer_than_a_line_stays_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    on_terminal(monkeypatch, 40)
    link = f"http://127.0.0.1:41234/?token={'a-b/' * 20}"
    assert link in in_terminal_lines(f"Hãy mở liên kết này:\n{link}").split("\n")


def test_room_is_left_for_the_choices_of_a_question(monkeypatch: pytest.MonkeyPatch) -> None:
    on_terminal(monkeypatch, 80)
    question = in_terminal_lines(say("trust.ask", "vi", count=11), err=True, reserve_chars=9)
    assert len(question.rpartition("\n")[2]) <= 71 and "\n" in question


def test_a_continued_line_keeps_its_indent(monkeypatch: pytest.MonkeyPatch) -> None:
    on_terminal(monkeypatch, 30)
    assert all(line.startswith("    ") for line in in_terminal_lines(f"    {ADDRESSES}").split("\n"))


def test_a_pipe_gets_the_line_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    terminal_lines.write_lines(ADDRESSES, err=True)
    assert capsys.readouterr().err == f"{ADDRESSES}\n"
