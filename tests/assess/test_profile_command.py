"""`camagent profile`: what people see, in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from camagent.cli import language
from camagent.cli.language import tm
from camagent.cli.profile import profile_group
from camagent.model.operator_error import OperatorError
from tests.assess.judging import shipped
from tests.assess.test_profile import GOOD


@pytest.fixture(params=["vi", "en"])
def lang(request: pytest.FixtureRequest) -> object:
    before = language.lang()
    language.set_language(request.param)
    yield request.param
    language.set_language(before)


def run(*arguments: str) -> str:
    result = CliRunner().invoke(profile_group, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_show_prints_every_row_with_its_values_and_basis(lang: str) -> None:
    out = run("show", "ubnd-3288")
    for row in shipped().rows:
        assert row.id in out
        assert (row.title.vi if lang == "vi" else row.title.en) in out
        for name, _ in row.parameters:
            assert f"{name} = " in out
        if row.basis.document:
            assert row.basis.document in out
        note = row.basis.note if lang == "vi" else row.basis.note_en
        assert note is None or note in out
    assert ("TẠM THỜI" if lang == "vi" else "PROVISIONAL") in out
    assert ("CHƯA CÓ VĂN BẢN" if lang == "vi" else "NOT OBTAINED") in out
    assert shipped().digest in out
    assert "minimum_px = [1920, 1080]" in out
    assert "tcp_required = true" in out
    assert "tasks = {corridor = characterise, gate = validate, yard = discern}" in out
    assert "warn_above_bps = 8000000" in out
    assert "minimum_hz = 15; " in out
    assert "tcp_required = false" in run("show", "iec-62676-4")


def test_list_names_every_profile(lang: str) -> None:
    out = run("list")
    for name in ("ubnd-3288", "iec-62676-4", "onvif-t"):
        assert name in out
    assert "48" in out


def test_validate_says_valid_or_every_error(lang: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(GOOD, encoding="utf-8")
    assert "sha256:" in run("validate", str(file))
    file.write_text(GOOD.replace('"major"', '"fatal"').replace('en = "Loss"', ""), encoding="utf-8")
    with pytest.raises(OperatorError) as caught:
        run("validate", str(file))
    assert len(caught.value.problems) == 2
    assert tm(caught.value.problems[0]).startswith("mine.toml: A-1: en: ")
    assert tm(caught.value.problems[1]).startswith("mine.toml: A-1: severity: ")


def test_help_is_there_in_the_language_of_the_run() -> None:
    assert "camagent profile show ubnd-3288" in run("--help")
