"""The CSV file as spreadsheets of both languages open it."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from camagent.report.csv_ import cell_text, render_csv
from tests.publish.samples import HOSTILE, camera, hostile_school, school, view


def rows(text: str, lang: str) -> list[dict[str, str]]:
    return list(
        csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), delimiter=";" if lang == "vi" else ",")
    )


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_one_line_a_camera_with_a_mark_for_excel(lang: str) -> None:
    text = render_csv([view(school())], lang)
    assert text.startswith("\ufeff") and text.count("\ufeff") == 1
    assert len(rows(text, lang)) == 10


def test_numbers_are_written_as_the_language_writes_them() -> None:
    vi, en = (rows(render_csv([view(school(2))], lang), lang) for lang in ("vi", "en"))
    assert [row["Tốc độ khung hình (hình/s)"] for row in vi] == ["25", "12,5"]
    assert [row["Frame rate (fps)"] for row in en] == ["25", "12.5"]


def test_the_moment_of_the_check_is_told_in_the_officers_time() -> None:
    late = replace(
        school(1), cameras=(replace(camera(0), checked_at=datetime(2026, 11, 23, 18, 5, tzinfo=UTC)),)
    )
    for lang, head in (("vi", "Thời điểm kiểm tra (giờ Việt Nam)"), ("en", "Checked at (Vietnam time)")):
        assert rows(render_csv([view(late)], lang), lang)[0][head] == "2026-11-24 01:05"


def test_what_is_not_known_is_empty_and_not_zero() -> None:
    dead = rows(render_csv([view(school(3))], "en"), "en")[2]
    assert dead["Frame rate (fps)"] == dead["RTP loss"] == dead["Make"] == ""
    assert dead["Faults"] == "timeout"


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_no_cell_begins_like_a_formula(lang: str) -> None:
    for row in rows(render_csv([view(hostile_school())], lang), lang):
        for key, cell in row.items():
            if key in ("Lệch giờ (giây)", "Clock offset (s)"):
                continue
            assert not cell.lstrip().startswith(("=", "+", "-", "@", "＝", "\t", "\r")), cell[:40]


def test_a_hostile_name_is_still_readable() -> None:
    names = {row["Camera"] for row in rows(render_csv([view(hostile_school())], "en"), "en")}
    assert f"'{HOSTILE[0]}" in names and HOSTILE[6] in names


@pytest.mark.parametrize(
    ("cell", "lang", "text"),
    [
        (None, "vi", ""),
        (-3.25, "vi", "-3,25"),
        (-3.25, "en", "-3.25"),
        (0.00002, "en", "0"),
        (1920, "vi", "1920"),
        ("-1+1", "vi", "'-1+1"),
        (" =1", "en", "' =1"),
        ("a=b", "en", "a=b"),
    ],
)
def test_a_cell_is_written_safely(cell: str | float | None, lang: str, text: str) -> None:
    assert cell_text(cell, lang) == text
