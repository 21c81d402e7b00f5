"""Sentences without a language: nested reasons, and the operating system's refusals in ours."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from camagent.model.operator_error import OperatorError
from camagent.model.text import _OS_REASONS, message, os_reason
from camagent.operator_files.config import load_config
from camagent.text import both, catalogue, render


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_every_reason_of_the_operating_system_has_a_sentence(lang: str) -> None:
    assert {f"os.{name}" for name in _OS_REASONS.values()} <= catalogue(lang).keys()
    assert "71" in render(os_reason(OSError(71, "Protocol error")), lang)
    assert render(os_reason(OSError("no number")), lang)


def test_a_reason_speaks_the_language_of_its_sentence(tmp_path: Path) -> None:
    with pytest.raises(OperatorError) as refusal:
        load_config(tmp_path / "nowhere.toml")
    (problem,) = refusal.value.problems
    sentence = both(problem)
    assert "không có tệp" in sentence.vi and "no such file" in sentence.en
    assert str(tmp_path) not in str(os_reason(FileNotFoundError(errno.ENOENT, "No such file", str(tmp_path))))


def test_a_reason_with_braces_is_only_a_value() -> None:
    sentence = render(message("config.unreadable", path="{path}", reason=message("os.other", number=5)), "en")
    assert sentence == "{path}: cannot be read (the operating system refuses, error 5)"
