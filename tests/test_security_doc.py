"""What docs/security.md promises, a test holds: each one that it names exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py(?:::\w+)?)`", TEXT)))


@pytest.mark.parametrize("name", NAMED)
def test_every_named_test_exists(name: str) -> None:
    path, _, function = name.partition("::")
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    tests = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    assert any(one.startswith("test_") for one in tests)
    assert not function or function in tests


@pytest.mark.parametrize(
    "attacker",
    [
        *("rogue device", "man in the middle", "compromised camera", "curious pupil", "stolen laptop"),
        *("malicious school file", "hostile profile"),
    ],
)
def test_every_attacker_has_a_chapter_with_a_test(attacker: str) -> None:
    match = re.search(rf"^## An? {attacker}\n(.*?)(?=^## )", TEXT, re.MULTILINE | re.DOTALL)
    assert match is not None and re.search(r"`tests/", match[1])


def test_what_is_not_covered_is_said_and_readers_get_there() -> None:
    assert "Windows" in TEXT.partition("## What is not covered")[2].partition("\n## ")[0]
    for page in ("README.md", "README.vi.md"):
        assert "docs/security.md" in (ROOT / page).read_text(encoding="utf-8")
