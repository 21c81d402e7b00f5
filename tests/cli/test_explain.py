"""`camagent explain`: the page of a row with the values of the profile in use, and what a typo is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from camagent.cli import language
from camagent.cli.explain import WIDTH_CHARS, explain_command
from camagent.cli.mistakes import close_to
from camagent.model.operator_error import OperatorError
from camagent.text import render
from tests.assess.judging import shipped


def explain(*words: str, lang: str = "vi") -> Result:
    language.set_language(lang)
    return CliRunner().invoke(explain_command, list(words))


def test_a_page_carries_the_values_of_the_profile_in_use(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text(
        '[profile]\nid = "trial"\nversion = "1"\nauthoritative = false\nextends = "ubnd-3288"\n'
        'title.vi = "Thử"\ntitle.en = "Trial"\n'
        '[[require]]\nid = "IMG-RES"\n[require.parameters]\nfloor_px = [640, 360]\nminimum_px = [1600, 900]\n'
        "recommended_px = [1920, 1080]\ntolerance_ratio = 0.01\n"
        '[require.basis]\nkind = "assumption"\nconfidence = "low"\n',
        encoding="utf-8",
    )
    output = explain("img-res", "--profile", str(tmp_path / "p.toml"))
    assert output.exit_code == 0, output.output
    assert "1600×900" in output.output and "1920×1080 trở lên" not in output.output
    assert "{required}" not in output.output
    assert "TẠM THỜI" in output.output


@pytest.mark.parametrize("lang", ["vi", "en"])
@pytest.mark.parametrize("row", [row.id for row in shipped().rows])
def test_every_page_fits_eighty_columns_and_has_no_gap(row: str, lang: str) -> None:
    output = explain(row, lang=lang)
    assert output.exit_code == 0
    assert not [
        line for line in output.output.splitlines() if len(line) > WIDTH_CHARS + 2 and " " in line.strip()
    ]
    assert "{" not in output.output and "**" not in output.output and "`" not in output.output


def test_without_a_row_all_are_listed() -> None:
    output = explain()
    assert all(row.id in output.output for row in shipped().rows)


@pytest.mark.parametrize(
    ("typed", "meant"), [("TIM-NPT", "TIM-NTP"), ("imgres", "IMG-RES"), ("sec_tls", "SEC-TLS")]
)
def test_a_typo_is_told_what_was_meant(typed: str, meant: str) -> None:
    output = explain(typed)
    assert isinstance(output.exception, OperatorError)
    assert f"Ý anh/chị là {meant}" in render(output.exception.problems[0], "vi")


def test_nonsense_is_told_where_the_list_is() -> None:
    output = explain("zzzzz")
    assert isinstance(output.exception, OperatorError)
    assert "camagent explain" in render(output.exception.problems[0], "vi")


def test_a_row_of_another_profile_has_the_page_of_the_same_rule() -> None:
    output = explain("T-CODEC", "--profile", "onvif-t", lang="en")
    assert output.exit_code == 0 and "Video codec" in output.output and "onvif-t" in output.output


def test_nothing_near_is_no_guess() -> None:
    assert close_to("quux", ["scan", "check"]) == ()
    assert close_to("SCNA", ["scan", "check"])[0] == "scan"


def test_the_usage_line_of_a_command_below_a_group_is_in_the_users_language() -> None:
    import click

    from camagent.cli.main import build

    language.set_language("vi")
    group = build().get_command(click.Context(build()), "camera")
    assert isinstance(group, click.Group)
    assert group.commands["retire"].options_metavar == "[TÙY CHỌN]"
    scan = build().get_command(click.Context(build()), "scan")
    assert scan is not None
    for command, words in (
        (build(), "[TÙY CHỌN] LỆNH [THAM SỐ]..."),
        (group, "[TÙY CHỌN] LỆNH [THAM SỐ]..."),
    ):
        assert " ".join(command.collect_usage_pieces(click.Context(command))) == words
    page = scan.get_help(click.Context(scan))
    assert "RANGE" not in page and "--window N" in page
