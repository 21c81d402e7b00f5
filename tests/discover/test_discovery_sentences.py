"""Every code that the search can put into a note, a refusal or a diagnosis has its sentence, and none is left
over."""

from __future__ import annotations

import ast
from itertools import chain
from pathlib import Path

from camagent.model.discovery import FoundBy, Note
from camagent.text import LANGUAGES, catalogue, render

PACKAGE = Path(__file__).resolve().parents[2] / "camagent"
FILES = list(
    chain.from_iterable(
        sorted((PACKAGE / room).glob("*.py"))
        for room in ("discover", "inventory", "operator_files", "platform", "run")
    )
)


def literals() -> set[str]:
    """Every string constant in the code of the search and of the inventory."""
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in FILES)
    return {
        node.value
        for node in chain.from_iterable(ast.walk(tree) for tree in trees)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def note_codes() -> set[str]:
    """First arguments of Note(…) that stand in the code."""
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in FILES)
    calls = (
        node for node in chain.from_iterable(ast.walk(tree) for tree in trees) if isinstance(node, ast.Call)
    )
    firsts = (call.args[0] for call in calls if getattr(call.func, "id", "") == "Note" and call.args)
    return {first.value for first in firsts if isinstance(first, ast.Constant)}  # type: ignore[misc]


def test_every_note_has_a_sentence_with_its_detail() -> None:
    codes = note_codes() | {
        "container_interface",
        "tunnel_interface",
        "no_carrier",
        "no_address",
        "sending_forbidden",
    }
    assert len(codes) > 12
    for code in codes:
        for lang in LANGUAGES:
            assert "eth7" in render(Note(code, "eth7").message, lang)


def test_no_sentence_is_left_over() -> None:
    used_keys = literals() | {f"{text}_remedy" for text in literals()}
    for area in ("note", "inventory", "doctor", "error"):
        keys = {key for key in catalogue("vi") if key.startswith(f"discover.{area}.")}
        names = {key.rpartition(".")[2] for key in keys if not key.startswith("discover.doctor.level_")}
        unused = {
            name for name in names if name not in used_keys and f"discover.{area}.{name}" not in used_keys
        }
        unused -= {"title"}  # the command's heading
        assert not unused


def test_every_way_of_finding_has_a_word() -> None:
    for how in FoundBy:
        assert f"discover.how.{how.value}" in catalogue("vi")
