"""The two catalogues say the same things with the same gaps, and every sentence that code names exists."""

from __future__ import annotations

import ast
import re
import string
import unicodedata
from pathlib import Path

import pytest

from camagent.model.fault import FaultCode
from camagent.model.text import message
from camagent.text import LANGUAGES, catalogue, render
from tests.each import each

PACKAGE = Path(__file__).resolve().parent.parent / "camagent"


def gaps(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_both_languages_have_the_same_sentences() -> None:
    assert catalogue("vi").keys() == catalogue("en").keys()


@each(sorted(catalogue("en")))
def test_both_languages_have_the_same_gaps(key: str) -> None:
    assert gaps(catalogue("vi")[key]) == gaps(catalogue("en")[key])


@pytest.mark.parametrize("lang", LANGUAGES)
def test_sentences_are_composed_unicode_without_blanks_around(lang: str) -> None:
    wrong = {
        key
        for key, text in catalogue(lang).items()
        if unicodedata.normalize("NFC", text) != text or text != text.strip()
    }
    assert not wrong


LONGEST_SENTENCE_WORDS = 38
LONGEST_CLAUSE_WORDS = 28
"""A Vietnamese word has one syllable or two, each counted here as one; read aloud that is one breath."""
LISTS = {"plan.tender"}
"""One paragraph for a tender: a list, which nobody reads aloud."""


def test_no_vietnamese_sentence_is_longer_than_a_breath() -> None:
    long = set()
    for key, text in catalogue("vi").items():
        for ends, most in ((".!?", LONGEST_SENTENCE_WORDS), (".!?:;", LONGEST_CLAUSE_WORDS)):
            parts = re.split(rf"(?<=[{ends}])\s", text)
            if max(len(part.split()) for part in parts) > most:
                long.add(key)
    assert not long - LISTS


def test_every_fault_has_a_sentence() -> None:
    missing = {code for code in FaultCode if f"faults.{code}" not in catalogue("vi")}
    assert not missing


def test_every_sentence_that_code_names_exists() -> None:
    missing = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args or not isinstance(node.args[0], ast.Constant):
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            key = node.args[0].value
            if (
                name in {"message", "say", "Message"}
                and isinstance(key, str)
                and "." in key
                and key not in catalogue("en")
            ):
                missing.add(f"{path.name}: {key}")
    assert not missing


def test_numbers_are_written_as_each_language_writes_them() -> None:
    text = message("cli.demo_ready", seconds=2.5)
    assert "2,5" in render(text, "vi")
    assert "2.5" in render(text, "en")


def test_a_number_and_its_noun_agree() -> None:
    sums = {"ready": 1, "not_ready": 0, "undetermined": 0}
    sentences = [render(message("report.table.summary", total=total, **sums), "en") for total in (0, 1, 2)]
    assert [line.partition(":")[0] for line in sentences] == ["0 cameras", "1 camera", "2 cameras"]
    days = [
        render(message("findings.retention_holes_unknown", days=days, minimum=30), "en")
        for days in (1.0, 2.5)
    ]
    assert ["reach 1 day back" in days[0], "reach 2.5 days back" in days[1]] == [True, True]
    assert render(message("report.table.summary", total=1, **sums), "vi").startswith("1 camera:")


NOUN = (
    "camera|device|addresse|range|school|file|day|scan|row|packet|frame|picture|stream|requirement|reason|"
    "point|login"
)
ALWAYS_MANY = {
    "area.source.too_many",
    "cli.site_silent",
    "discover.error.too_many_subnets",
    "plan.encoding_interval",
}
"""Sentences that are only told of more than one."""


def test_no_english_sentence_counts_one_thing_as_many() -> None:
    """A gap in front of a plural noun is written with both forms; a bound is never one."""
    bounds = {"limit", "least", "most", "bound", "minimum", "maximum", "recommended", "seconds", "hours"}
    plural = re.compile(r"\{(\w+)\} (?:[a-z]+ )?(?:" + NOUN + r")s\b")
    wrong = {
        key: match[0]
        for key, text in catalogue("en").items()
        if (match := plural.search(text)) and match[1] not in bounds and key not in ALWAYS_MANY
    }
    assert not wrong


def test_a_device_supplied_text_is_a_value_and_never_a_format() -> None:
    hostile = "{0.__class__} {seconds!r} %s"
    assert hostile in render(message("cli.error", text=hostile), "en")
