"""What to buy stands once for each class of camera: in workbooks, pages and the area's document."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from camagent.app.requirements import load_profile
from camagent.area import AreaReport, merge_area
from camagent.assess.engine import assess
from camagent.model.finding import Action
from camagent.model.scan_result import CameraResult
from camagent.plan.tender import tender, tender_rows
from camagent.report.area_html import render_area_html
from camagent.report.area_json import area_document
from camagent.report.area_xlsx import render_area_xlsx
from camagent.report.html import render_html
from camagent.report.xlsx import render_xlsx
from camagent.text import LANGUAGES, say
from tests import builders
from tests.publish.samples import camera, plain, school, view

ASKED = {
    "outdoor": assess(load_profile("ubnd-3288"), builders.camera_facts(), builders.site_facts()),
    "indoor": assess(load_profile("iec-62676-4"), builders.camera_facts(), builders.site_facts()),
}


def bought(number: int, kind: str) -> CameraResult:
    base = camera(5 * number + 3)
    assert base.upgrade.action is Action.REPLACE
    upgrade = replace(base.upgrade, tender=tender(ASKED[kind]), tender_rows=tender_rows(ASKED[kind]))
    return replace(base, upgrade=upgrade)


SCHOOL = replace(school(0), cameras=(bought(0, "outdoor"), bought(1, "outdoor"), bought(2, "indoor")))


def area_of(folder: Path, *documents: dict[str, Any]) -> AreaReport:
    for number, document in enumerate(documents):
        document["site"] |= {"id": f"9{number}", "name": f"Trường {number}"}
        (folder / f"{number}.json").write_text(json.dumps(document), encoding="utf-8")
    return merge_area([folder], builders.NOW + timedelta(days=1), "vi")


def sheet_rows(content: bytes, lang: str) -> list[tuple[Any, ...]]:
    book = load_workbook(io.BytesIO(content))
    return list(book[say("report.tender.sheet", lang)].iter_rows(values_only=True))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_schools_workbook_and_page_have_one_table_a_class(lang: str) -> None:
    rows = sheet_rows(render_xlsx([view(SCHOOL)], lang), lang)
    lines = [row for row in rows if isinstance(row[0], int)]
    assert [row[0] for row in lines].count(1) == 2 and all(row[1] and row[2] and row[3] for row in lines)
    page = render_html([view(SCHOOL)], lang)
    acceptance = say("plan.buy_what.acceptance", lang)
    assert page.count(f">{acceptance}</th>") == 2 and page.count('id="tender"') == 1
    assert say("report.tender.provisional", lang).split(":")[0] in page
    assert (
        say("report.tender.sheet", lang)
        not in load_workbook(io.BytesIO(render_xlsx([view(school(2))], lang))).sheetnames
    )


def test_the_area_has_one_table_a_class_and_says_which_camera_is_bought_by_which(tmp_path: Path) -> None:
    report = area_of(tmp_path, plain(SCHOOL), plain(SCHOOL))
    assert [item.cameras for item in report.tenders] == [4, 2]
    content = render_area_xlsx(report, "vi")
    groups = [row[0] for row in sheet_rows(content, "vi") if str(row[0]).startswith("Loại")]
    assert groups == ["Loại 1: 4 camera", "Loại 2: 2 camera"]
    annex = load_workbook(io.BytesIO(content))["Phụ lục I"]
    texts = [str(cell.value) for cell in chain.from_iterable(annex.iter_rows())]
    assert sum("Mua theo loại 1." in text for text in texts) == 4
    assert sum("Mua theo loại 2." in text for text in texts) == 2
    page = render_area_html(report, "vi")
    assert page.count(">Nghiệm thu</th>") == 2
    document = area_document(report, "vi")
    keys = {item.key for item in document.tenders}
    assert {row.tender for row in document.upgrades} == keys and len(keys) == 2


def test_an_older_file_has_its_paragraph_as_the_only_line(tmp_path: Path) -> None:
    older = plain(SCHOOL)
    for item in older["cameras"]:
        del item["upgrade"]["tender_rows"]
    report = area_of(tmp_path, older)
    assert [len(item.lines) for item in report.tenders] == [1, 1]
    assert report.tenders[0].lines[0][1].startswith("Camera IP cố định hoặc tương đương")
