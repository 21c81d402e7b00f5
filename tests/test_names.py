"""Names of values, files and classes: plain nouns, and one meaning for each in the whole tree."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.each import each
from tests.test_architecture import FILES, OUR_CODE, PACKAGE, relative, tree_of

RIDDLES = re.compile(
    r"_*(tray|knock\w*|errands?|ears?|whereabouts|chores?|beats?|surroundings)", re.IGNORECASE
)
"""Names that say in a picture what a plain noun of the field says."""

PARTICIPLES = frozenset(("found", "known", "seen", "told", "heard", "said", "tried", "given", "taken", "got"))
"""Names that say what was done to a value in place of what it is."""

CONTRACT = {("camagent/model/device.py", "tried")}
"""Fields that recordings and documents of earlier releases spell so."""


def _names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg


@each(FILES, relative)
def test_names_are_plain_nouns(path: Path) -> None:
    names = {path.stem, *_names(tree_of(path))}
    assert not [name for name in names if RIDDLES.fullmatch(name)]


def _values(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Every variable, parameter, field and property, and its line; functions may be verbs."""
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield (node.id if isinstance(node, ast.Name) else node.attr), node.lineno
        elif isinstance(node, ast.FunctionDef) and any(
            "property" in ast.unparse(d) for d in node.decorator_list
        ):
            yield node.name, node.lineno


@each(OUR_CODE, relative)
def test_no_value_is_called_by_a_bare_participle(path: Path) -> None:
    where = relative(path)
    bare = [
        f"{where}:{line}: {name}"
        for name, line in _values(tree_of(path))
        if name.strip("_") in PARTICIPLES and (where, name) not in CONTRACT
    ]
    assert not bare


CLASS_PARTICIPLES = PARTICIPLES | {
    *("announced", "applied", "became", "bounded", "described", "held", "kept", "learned", "listed"),
    *("met", "missed", "past", "placed", "recognised", "restored", "reviewed", "shown", "wanted", "watched"),
}
"""Classes were called so, and nobody knew what each was."""


@each(FILES, relative)
def test_no_class_is_called_by_a_bare_participle(path: Path) -> None:
    names = [node.name for node in ast.walk(tree_of(path)) if isinstance(node, ast.ClassDef)]
    assert not CLASS_PARTICIPLES & {name.strip("_").lower() for name in names}


TWINS = (
    {"camagent/observe/codec/h264.py", "camagent/observe/codec/h265.py", "camagent/observe/codec/av1.py"},
    {"camagent/observe/codec/h264_headers.py", "camagent/observe/codec/h265_headers.py"},
    {"camagent/platform/linux_adapters.py", "camagent/platform/windows_adapters.py"},
    {"camagent/platform/linux_machine.py", "camagent/platform/windows_machine.py"},
)
"""Modules that answer the same questions, each for its codec or its system: one name there is one meaning."""

ENTRY = "main"
"""The function that a module begins with when it is started as a program."""


def _shared(places: Iterator[tuple[str, str]]) -> dict[str, list[str]]:
    """Of names and where each is defined: those that are defined more than once."""
    by_name: dict[str, list[str]] = {}
    for name, where in places:
        by_name.setdefault(name, []).append(where)
    return {name: where for name, where in by_name.items() if len(where) > 1}


def _classes(paths: Iterable[Path]) -> Iterator[tuple[str, str]]:
    """Every class, what a module keeps to itself and what stands inside a function too, without its `_`."""
    for path in paths:
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.ClassDef):
                yield node.name.lstrip("_"), f"{relative(path)}:{node.lineno}"


def _functions(paths: Iterable[Path]) -> Iterator[tuple[str, str]]:
    for path in paths:
        for node in tree_of(path).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
                yield node.name, relative(path)


def test_a_class_name_means_one_thing() -> None:
    assert len(list(_classes(FILES))) > 500 and not _shared(_classes(FILES))


def test_a_public_function_name_means_one_thing() -> None:
    twice = _shared(_functions(FILES))
    assert twice.pop(ENTRY)
    assert twice and not {
        name: where for name, where in twice.items() if not any(set(where) <= twins for twins in TWINS)
    }


def test_a_file_name_means_one_thing() -> None:
    """In a traceback or an editor's tab the name stands alone; `__init__` is Python's own."""
    stems = Counter(path.stem for path in FILES)
    assert {name for name, count in stems.items() if count > 1} == {"__init__"}


def test_a_test_file_has_a_name_of_its_own() -> None:
    """A failed run names it, and an editor's tab shows no more than that."""
    stems = Counter(path.stem for path in OUR_CODE if path.stem.startswith("test_"))
    assert len(stems) > 200 and not [name for name, count in stems.items() if count > 1]


def test_what_tests_benches_and_the_guide_share_has_names_of_its_own() -> None:
    """A bench bears the name of what it measures, and a test that of what it tests; so those are left out."""
    shared = [
        path
        for path in OUR_CODE
        if not path.is_relative_to(PACKAGE)
        and not path.stem.startswith(("test_", "__", "conftest"))
        and path.parent.name != "bench"
    ]
    stems = Counter(path.stem for path in shared)
    assert len(shared) > 50 and not [name for name, count in stems.items() if count > 1]
