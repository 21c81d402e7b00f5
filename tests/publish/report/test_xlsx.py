"""The workbook as an office program reads it."""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from camagent.document.compare import compare
from camagent.model.finding import Action
from camagent.report.sheet import LINE_HEIGHT_PT, MAX_ROW_HEIGHT_PT, wrapped_lines
from camagent.report.xlsx import render_xlsx
from tests import builders
from tests.publish.samples import HOSTILE, camera, hostile_school, school, view

SHEETS = {
    "vi": ["Tổng hợp", "Danh mục nâng cấp", "Camera", "Kết quả kiểm tra", "Phạm vi quét"],
    "en": ["Summary", "Upgrade list", "Cameras", "Findings", "Coverage"],
}


def opened(content: bytes, formulas: bool = True) -> Workbook:
    return load_workbook(io.BytesIO(content), data_only=not formulas)


@pytest.fixture(scope="module")
def book() -> Workbook:
    return opened(render_xlsx([view(school())], "vi"))


def keys_row(sheet: Worksheet) -> int:
    return next(row[0].row for row in sheet.iter_rows() if "decision" in {cell.value for cell in row})  # type: ignore[return-value]


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_the_sheets_are_those_that_were_asked_for(lang: str) -> None:
    bought = {"vi": "Yêu cầu khi mua", "en": "What to buy"}[lang]
    assert opened(render_xlsx([view(school())], lang)).sheetnames == [*SHEETS[lang], bought]


def test_a_comparison_adds_a_sheet() -> None:
    book = opened(render_xlsx([view(school())], "vi", compare(view(school(7)), view(school()))))
    assert book.sheetnames[-1] == "Thay đổi"
    assert [cell.value for cell in book["Thay đổi"]["A"]][2:] == ["Mới xuất hiện"] * 3


def test_the_list_is_an_appendix_without_letterhead(book: Workbook) -> None:
    sheet = book["Danh mục nâng cấp"]
    texts = [str(sheet.cell(row, 1).value) for row in range(1, 5)]
    assert texts[0] == "Phụ lục" and texts[1].startswith("DANH MỤC")
    assert texts[2].startswith("(Kèm theo Văn bản số")
    assert "chưa đối chiếu văn bản 3288/UBND-KT" in texts[3]
    whole = " ".join(str(cell.value) for cell in chain.from_iterable(sheet.iter_rows()))
    assert "CỘNG HÒA" not in whole and "Nơi nhận" not in whole


def test_the_list_has_its_columns_a_frozen_head_a_filter_and_fits_a4(book: Workbook) -> None:
    sheet = book["Danh mục nâng cấp"]
    head = keys_row(sheet) + 1
    heads = [cell.value for cell in sheet[head]]
    assert heads[:3] == ["STT", "Trường", "Camera"] and heads[3:5] == ["Vị trí", "Kiểu máy"]
    assert heads[5:12] == [
        "Phát hiện",
        "Việc cần làm",
        "Các bước",
        "Căn cứ",
        "Nhóm chi phí",
        "Ý kiến",
        "Ghi chú",
    ]
    assert sheet.freeze_panes == f"A{head + 1}"
    assert sheet.auto_filter.ref == f"A{head}:N{head + 8}"
    assert sheet.print_title_rows == f"${head}:${head}"
    assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
    assert sheet.sheet_properties.pageSetUpPr is not None and sheet.sheet_properties.pageSetUpPr.fitToPage
    assert sheet.row_dimensions[keys_row(sheet)].hidden
    assert sheet.column_dimensions["M"].hidden and sheet.column_dimensions["N"].hidden  # id and seal
    assert sheet.column_dimensions["B"].hidden  # one school: its name stands above
    margins = sheet.page_margins
    margins_mm = [round(25.4 * size) for size in (margins.top, margins.bottom, margins.left, margins.right)]
    assert margins_mm == [20, 20, 30, 15]  # Nghị định 30/2020
    assert sheet.page_setup.useFirstPageNumber  # an appendix counts its own pages


def test_every_decision_cell_offers_the_three_words(book: Workbook) -> None:
    sheet = book["Danh mục nâng cấp"]
    (rule,) = sheet.data_validations.dataValidation
    assert rule.formula1 == '"Đồng ý,Không đồng ý,Kiểm tra lại"'
    first = keys_row(sheet) + 2
    assert str(rule.sqref) == f"K{first}:K{first + 7}"
    assert all(sheet.cell(row, 11).value is None for row in range(first, first + 8))


def test_rows_are_numbered_and_carry_a_stable_id(book: Workbook) -> None:
    sheet = book["Danh mục nâng cấp"]
    rows = list(sheet.iter_rows(min_row=keys_row(sheet) + 2, values_only=True))
    assert [row[0] for row in rows] == list(range(1, 9))
    assert len({row[12] for row in rows}) == 8
    assert all(str(row[12]).startswith("9001/cam-") for row in rows)


def test_numbers_are_numbers_and_times_are_told(book: Workbook) -> None:
    sheet = book["Camera"]
    head = next(row for row in sheet.iter_rows() if "Camera" in {cell.value for cell in row})
    column = next(cell.column for cell in head if cell.value == "Tốc độ khung hình (hình/s)")
    values = [sheet.cell(row, column).value for row in range(head[0].row + 1, sheet.max_row + 1)]  # type: ignore[operator]
    assert values.count(None) == 2 and set(values) - {None} == {25, 12.5, 8, 15}


def test_rows_are_high_enough_for_their_text(book: Workbook) -> None:
    for sheet in book.worksheets[1:]:
        for row in sheet.iter_rows():
            height = sheet.row_dimensions[row[0].row].height  # type: ignore[index]
            lines = max(str(cell.value or "").count("\n") + 1 for cell in row)
            if sheet.row_dimensions[row[0].row].hidden:  # type: ignore[index]
                continue
            assert height is not None and min(lines * LINE_HEIGHT_PT, MAX_ROW_HEIGHT_PT) <= height <= 409


def cells_of(book: Workbook) -> Iterator[Any]:
    for sheet in book:
        yield from chain.from_iterable(sheet.iter_rows())


def test_letters_are_times_new_roman(book: Workbook) -> None:
    fonts = {cell.font.name for cell in cells_of(book) if cell.value is not None}
    assert fonts == {"Times New Roman"}
    listed = book["Danh mục nâng cấp"]
    assert listed.cell(keys_row(listed) + 2, 2).font.name == "Times New Roman"


@pytest.mark.parametrize("schools", [1, 2])
def test_the_list_is_readable_on_a4(schools: int) -> None:
    others = [replace(school(3), site=builders.site(id=str(number))) for number in range(schools)]
    sheet = opened(render_xlsx([view(scan) for scan in others], "vi"))["Danh mục nâng cấp"]
    shown = [column.width for column in sheet.column_dimensions.values() if not column.hidden]
    printable = (297 - 30 - 15) / 25.4 * 96 / 8  # A4 across, in digits of 12 pt Times
    assert 0.75 <= printable / sum(shown) <= 1.0


def test_the_summary_counts_follow_the_list() -> None:
    content = render_xlsx([view(school())], "vi")
    formulas = {row[0].value: row[1].value for row in opened(content)["Tổng hợp"].iter_rows() if row[0].value}
    cached = {
        row[0].value: row[1].value for row in opened(content, False)["Tổng hợp"].iter_rows() if row[0].value
    }
    assert formulas["Thay camera"] == "=COUNTIF('Danh mục nâng cấp'!$G$7:$G$14,\"Thay camera\")"
    assert (cached["Thay camera"], cached["Chưa sẵn sàng"], cached["Đồng ý"]) == (2, 6, 0)


def test_every_finding_stands_with_its_three_columns_and_basis(book: Workbook) -> None:
    rows = list(book["Kết quả kiểm tra"].iter_rows(values_only=True))
    heads = next(row for row in rows if "Cấu hình" in row)
    assert [heads.index(word) for word in ("Mức yêu cầu", "Cấu hình", "Khai báo", "Đo được")] == [7, 8, 9, 10]
    sizes = [row for row in rows if row[2] == "IMG-RES"]
    assert len(sizes) == 10 and sizes[0][7:11] == ("1920×1080", "2560×1440", "2560×1440", "2560×1440")
    assert all("độ tin cậy" in str(row[13]) for row in sizes)


def test_coverage_names_what_was_not_checked(book: Workbook) -> None:
    rows = list(book["Phạm vi quét"].iter_rows(values_only=True))
    assert any("192.0.2.201" in str(row[2]) and "từ chối đăng nhập" in str(row[2]) for row in rows)


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("", 10, 1),
        ("một hai ba", 10, 1),
        ("một hai ba bốn", 10, 2),
        ("a\nb\n", 10, 3),
        ("x" * 44, 10, 4),
        ("x" * 45, 10, 5),
        ("ngắn " + "x" * 22, 10, 3),
    ],
)
def test_wrapped_lines_are_counted_by_words(text: str, width: float, lines: int) -> None:
    assert wrapped_lines(text, width) == lines


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_a_provisional_profile_is_announced_on_every_sheet_of_judgements(lang: str) -> None:
    words = {"vi": "Hồ sơ tạm thời", "en": "PROVISIONAL"}[lang]
    book = opened(render_xlsx([view(school())], lang))
    for sheet in book:
        assert any(words in str(cell.value) for cell in chain.from_iterable(sheet.iter_rows())), sheet.title
    sure = school(2, profile=builders.profile_stamp(authoritative=True))
    book = opened(render_xlsx([view(sure)], lang))
    assert not any(words in str(cell.value) for cell in cells_of(book))


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_no_text_of_a_camera_is_a_formula_a_link_or_a_control_character(lang: str) -> None:
    content = render_xlsx([view(hostile_school())], lang)
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        parts = {name: packed.read(name).decode("utf-8") for name in packed.namelist()}
    formulas = list(chain.from_iterable(re.findall(r"<f>(.*?)</f>", part) for name, part in parts.items()))
    assert formulas and all(text.startswith("COUNTIF('") for text in formulas)
    assert not any("hyperlink" in part.lower() and "<hyperlink" in part for part in parts.values())
    assert not any(
        re.search(r"_x00[01][0-9A-F]_|[\x00-\x08\x0b\x0c\x0e-\x1f]", part) for part in parts.values()
    )
    assert "externalLink" not in " ".join(parts)
    names = [cell.value for cell in opened(content)[SHEETS[lang][2]]["C"]]
    assert HOSTILE[0] in names
    for sheet in opened(content):
        for row in sheet.iter_rows():
            for cell in row:
                if isinstance(cell.value, str) and cell.data_type != "f":
                    assert unicodedata.is_normalized("NFC", cell.value) and len(cell.value) <= 32_767


def test_an_empty_scan_makes_a_workbook(tmp_path: object) -> None:
    book = opened(render_xlsx([view(school(0))], "vi"))
    assert book.sheetnames == SHEETS["vi"]
    assert not book["Danh mục nâng cấp"].data_validations.dataValidation


def test_several_schools_share_one_workbook() -> None:
    other = replace(school(4), site=builders.site(id="9002", name="Tiểu học An Khánh"))
    book = opened(render_xlsx([view(school(3)), view(other)], "vi"))
    assert {row[1] for row in book["Danh mục nâng cấp"].iter_rows(min_row=7, values_only=True)} == {
        "THCS Nguyễn Du",
        "Tiểu học An Khánh",
    }


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_the_first_sheet_says_how_far_was_looked_and_what_is_to_be_decided(lang: str) -> None:
    sheet = opened(render_xlsx([view(school())], lang)).worksheets[0]
    lines = [str(row[0].value) for row in sheet.iter_rows() if row[0].value]
    looked = {"vi": "đã kiểm tra 10 camera", "en": "10 cameras checked"}[lang]
    decided = {
        "vi": "8 trên 10 camera cần xử lý; đề nghị thay mới: 2.",
        "en": "8 of 10 cameras need something done",
    }[lang]
    places = [next(at for at, line in enumerate(lines) if words in line) for words in (looked, decided)]
    assert places == sorted(places)


def test_headings_have_room_for_the_arrow_of_the_filter(book: Workbook) -> None:
    sheet = book["Kết quả kiểm tra"]
    head = next(row for row in sheet.iter_rows() if "Mức yêu cầu" in {cell.value for cell in row})
    cell = next(cell for cell in head if cell.value == "Mức yêu cầu")
    width = sheet.column_dimensions[cell.column_letter].width
    lines = wrapped_lines("Mức yêu cầu", 0.9 * (width - 2.5))
    assert sheet.row_dimensions[cell.row].height >= lines * LINE_HEIGHT_PT


def test_what_failed_stands_above_what_passed(book: Workbook) -> None:
    rows = [row for row in book["Kết quả kiểm tra"].iter_rows(values_only=True) if row[1] == "Cổng phụ 2"]
    assert [row[5] for row in rows] == ["Không đạt", "Chưa đánh giá được", "Đạt", "Đạt"]


def test_amounts_of_a_price_file_fit_their_column() -> None:
    priced = builders.upgrade(
        action=Action.REPLACE, cost_class="B", cost_amount=12_450_000.0, cost_currency="VND"
    )
    scan = replace(school(0), cameras=(camera(3, upgrade=priced),))
    sheet = opened(render_xlsx([view(scan)], "vi"))["Danh mục nâng cấp"]
    cell = sheet.cell(keys_row(sheet) + 2, 10)
    assert cell.value == "B\n12.450.000 VND"
    assert wrapped_lines(cell.value, sheet.column_dimensions["J"].width) == 2  # type: ignore[arg-type]


def test_bandwidth_now_and_after_stands_on_the_first_sheet() -> None:
    sheet = opened(render_xlsx([view(school(5))], "vi")).worksheets[0]
    lines = [str(row[0].value) for row in sheet.iter_rows() if row[0].value]
    assert "Băng thông của tất cả luồng chính – Hiện tại: 11,6 Mbit/s · 125,3 GB/ngày" in lines
    assert "1 camera chưa rõ, không tính" in lines
    assert sum("Băng thông" in line for line in lines) == 2
