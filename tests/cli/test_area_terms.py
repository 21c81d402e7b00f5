"""A term of an area's office on the command line: list, decisions of two officers, next list, progress."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from openpyxl import load_workbook

from camagent.cli.area import area_group
from camagent.document.write import scan_document
from camagent.model.expected import DeviceWords, ExpectedCamera, Retirement
from camagent.model.finding import Action, Verdict
from camagent.model.scan_result import CameraResult, Declaration, ScanResult
from camagent.text.moments import VIETNAM
from tests import builders
from tests.publish.samples import camera, findings, school
from tests.refusal import refused

TODAY = datetime.now(VIETNAM)
LAST = TODAY - timedelta(days=200)


@pytest.fixture(autouse=True)
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CAMAGENT_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("CAMAGENT_CONFIG", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def area(*arguments: str) -> Result:
    return CliRunner().invoke(area_group, list(arguments), standalone_mode=False, catch_exceptions=False)


def one(number: int, action: Action = Action.REPLACE, **facts: object) -> CameraResult:
    base = camera(3)
    fine = action is Action.NONE
    judgements = findings(base.findings[0].outcome, 8.0) if not fine else ()
    return replace(
        base,
        facts=replace(
            base.facts,
            id=f"cam-{number:012d}",
            name=f"Cổng {number}",
            address=f"192.0.2.{number}",
            **facts,  # type: ignore[arg-type]
        ),
        findings=judgements,
        verdict=Verdict.READY if fine else Verdict.NOT_READY,
        upgrade=replace(base.upgrade, action=action, steps=() if fine else base.upgrade.steps),
    )


def scan_of(*cameras: CameraResult, site: str = "9001", at: datetime = TODAY) -> ScanResult:
    where = builders.site(id=site, name=f"Trường {site}", area="Bến Nghé")
    return replace(school(0, site=where, started_at=at), cameras=cameras)


def put(name: str, scan: ScanResult) -> str:
    Path(name).write_text(json.dumps(scan_document(scan).plain()), encoding="utf-8")
    return name


def decide(workbook: str, words: dict[str, tuple[str, str | None]], name: str) -> str:
    """A copy of the workbook with decisions typed in, by the end of the camera's id."""
    book = load_workbook(workbook)
    for sheet in book.worksheets:
        columns: dict[str, int] = {}
        for row in sheet.iter_rows():
            named = {str(cell.value): cell.column for cell in row if isinstance(cell.value, str)}
            if not columns and {"id", "decision", "note"} <= named.keys():
                columns = named
            elif columns:
                key = str(row[columns["id"] - 1].value)[-2:]
                if key in words:
                    row[columns["decision"] - 1].value, row[columns["note"] - 1].value = words[key]
    out = io.BytesIO()
    book.save(out)
    Path(name).write_bytes(out.getvalue())
    return name


def test_a_term_from_list_to_report(office: Path) -> None:
    put("cu.json", scan_of(*(one(number) for number in range(11, 18)), at=LAST))
    assert area("cu.json", "--format", "xlsx", "-o", "danh-muc.xlsx").exit_code == 0
    assert (office / "camagent-area.sqlite").exists()

    words = {
        "11": ("Đồng ý", None),
        "12": ("Không đồng ý", "chờ năm sau"),
        "13": ("Kiểm tra lại", None),
    }
    mine = decide("danh-muc.xlsx", words, "an.xlsx")
    applied = area("apply", mine, "--by", "Nguyễn Văn An", "--as-of", "12/01/2026")
    assert applied.exit_code == 0 and "3 ý kiến mới" in applied.stdout

    retired = ExpectedCamera("cam-000000000016", "9001", "Cổng 16", "192.0.2.16", None, DeviceWords(), LAST)
    word = Retirement("Lê Thị Bình", "tháo khi sửa cổng", TODAY.date())
    new = scan_of(
        *(one(11, Action.NONE), one(12), one(13, Action.RECONFIGURE), one(14), one(18)),
    )
    put("moi.json", replace(new, retired=(replace(retired, retired=word),)))
    day = (TODAY - timedelta(days=100)).strftime("%Y-%m-%d")
    output = area("moi.json", "--format", "json", "-o", "moi-danh-muc.json", "--compare", day).stdout
    progress = json.loads(Path("moi-danh-muc.json").read_text("utf-8"))["progress"]
    became = {step["id"][-2:]: step["became"] for step in progress["steps"]}
    assert became == {
        **{"11": "done", "12": "stays", "13": "other", "14": "stays", "15": "unknown", "16": "out"},
        **{"17": "unknown", "18": "new"},
    }
    assert "Lần trước đề nghị 7 camera; đã làm: 1" in output
    why = {step["id"][-2:]: step["why"] for step in progress["steps"]}
    assert "Không đồng ý (Nguyễn Văn An, 12/01/2026): chờ năm sau." in why["12"]
    assert why["14"].startswith("Chưa có ý kiến.") and "tháo khi sửa cổng" in why["16"]

    history = area("journal", "Cổng 12").stdout
    assert "đề nghị: Thay camera" in history and "chờ năm sau" in history


def test_two_officers_who_differ_are_refused_and_named() -> None:
    put("a.json", scan_of(one(11), one(12)))
    area("a.json", "--format", "xlsx", "-o", "danh-muc.xlsx")
    first = decide("danh-muc.xlsx", {"11": ("Đồng ý", None), "12": ("Đồng ý", "gấp")}, "an.xlsx")
    second = decide("danh-muc.xlsx", {"11": ("Không đồng ý", None), "12": ("Đồng ý", "để sau")}, "binh.xlsx")
    area("apply", first, "--by", "An")
    with refused("2 decisions differ") as caught:
        area("apply", second, "--by", "Bình")
    text = str(caught.value)
    assert len(caught.value.problems) == 3 and "Cổng 11, 192.0.2.11" in text and "Cổng 12" in text
    assert "an.xlsx" in text and "binh.xlsx" in text and "(Bình, " in text and "(An, " in text
    assert area("journal").stdout.count("\n") == 2  # nothing of the second file was recorded

    replaced = area("apply", second, "--by", "Bình", "--replace")
    assert replaced.exit_code == 0 and "2 ý kiến thay đổi" in replaced.stdout
    journal = area("journal").stdout.splitlines()
    assert len(journal) == 4 and "(An)" in journal[0] and "(Bình)" in journal[-1]
    area("a.json", "--format", "xlsx", "-o", "danh-muc.xlsx")
    sheet = load_workbook("danh-muc.xlsx")["Sổ ý kiến"]
    assert [row[4].value for row in sheet.iter_rows()][-4:] == ["An", "An", "Bình", "Bình"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--by", "  "), "name of the person"),
        (("--by", "An", "--as-of", "hôm qua"), "no day"),
        (("--by", "An", "--as-of", "31/12/2999"), "still to come"),
    ],
)
def test_who_and_when_are_asked_for(arguments: tuple[str, ...], words: str) -> None:
    put("a.json", scan_of(one(11)))
    area("a.json", "--format", "xlsx", "-o", "danh-muc.xlsx")
    with refused(words):
        area("apply", "danh-muc.xlsx", *arguments)


def test_a_line_that_is_not_understood_costs_the_exit_code() -> None:
    put("a.json", scan_of(one(11), one(12)))
    area("a.json", "--format", "xlsx", "-o", "danh-muc.xlsx")
    mine = decide("danh-muc.xlsx", {"11": ("dong y", None), "12": ("Đồng ý", None)}, "an.xlsx")
    done = area("apply", mine, "--by", "An")
    assert (done.exit_code or done.return_value) == 1
    assert "Phụ lục I!M" in done.stderr and "1 ý kiến mới" in done.stdout


def test_a_list_is_compared_with_a_file() -> None:
    put("cu.json", scan_of(one(11), one(12), at=LAST))
    area("cu.json", "--format", "json", "-o", "cu-danh-muc.json", "--store", "khac.sqlite")
    put("moi.json", scan_of(one(11, Action.NONE), one(12)))
    for earlier in ("cu-danh-muc.json", "cu.json"):
        output = area("moi.json", "-o", "moi.html", "--compare", earlier).stdout
        assert "Lần trước đề nghị 2 camera; đã làm: 1; vẫn còn: 1" in output
        assert 'id="progress"' in Path("moi.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--compare", "hôm kia"), "no date, time or file"),
        (("--compare", "2001-01-10"), "no result from before"),
        (("--compare", "hk1", "--term", "cn"), "Only one"),
        (("--compare", "rong.json"), "no result to compare"),
    ],
)
def test_what_cannot_be_compared_is_one_line(arguments: tuple[str, ...], words: str) -> None:
    put("a.json", scan_of(one(11)))
    Path("rong.json").write_text('{"schema": "camagent.area/1"}')
    with refused(words):
        area("a.json", "-o", "a.html", *arguments)


def test_a_school_that_sent_nothing_is_open_not_done() -> None:
    put("1.json", scan_of(one(11), at=LAST))
    put("2.json", scan_of(one(12), site="9002", at=LAST))
    area("1.json", "2.json", "-o", "a.html")
    put("1.json", scan_of(one(11, Action.NONE)))
    for lang_term in ("hk1", "cn"):
        output = area("1.json", "-o", "b.html", "--term", lang_term).stdout
        assert "đã làm: 1" in output and "Trường chưa gửi kết quả mới." in output


def test_schools_are_ordered_by_their_gates() -> None:
    gate, yard = Declaration(task="gate"), Declaration(task="sân")
    put("1.json", scan_of(*(one(number, declaration=yard) for number in (11, 12)), site="9001"))
    put("2.json", scan_of(one(11, declaration=gate), one(12, Action.NONE), site="9002"))
    put("3.json", scan_of(one(11, Action.NONE, declaration=replace(gate, task="Cổng chính")), site="9003"))
    area("1.json", "2.json", "3.json", "--rank", "gates", "--format", "json", "-o", "a.json")
    document = json.loads(Path("a.json").read_text("utf-8"))
    assert document["rank"] == "gates"
    assert [(site["id"], site["gates_not_ready"]) for site in document["sites"]][0] == ("9002", 1)
    area("1.json", "2.json", "--rank", "gates", "-o", "a.html")
    assert "camera ở cổng" in Path("a.html").read_text("utf-8")


def test_excluded_cameras_leave_the_counts_and_stay_listed() -> None:
    document = scan_document(scan_of(one(11), one(12))).plain()
    tomorrow = (TODAY + timedelta(days=1)).date().isoformat()
    document["cameras"][0] |= {"excluded_until": tomorrow, "excluded_because": "sửa cổng"}
    document["cameras"][1] |= {"excluded_until": "2020-01-01", "excluded_because": "đã qua"}
    document["summary"]["not_ready"] = 1
    Path("a.json").write_text(json.dumps(document), encoding="utf-8")
    area("a.json", "--format", "json", "-o", "b.json")
    parsed = json.loads(Path("b.json").read_text("utf-8"))
    (site,) = parsed["sites"]
    assert (site["not_ready"], site["out_of_service"]) == (1, 1) and "sums_differ" not in site["flags"]
    assert parsed["out_of_service"][0]["why"].endswith("sửa cổng") and len(parsed["upgrades"]) == 1
    for form, name in (("html", "b.html"), ("xlsx", "b.xlsx")):
        area("a.json", "--format", form, "-o", name)
    assert "sửa cổng" in Path("b.html").read_text("utf-8")
    rows = chain.from_iterable(sheet.iter_rows() for sheet in load_workbook("b.xlsx").worksheets)
    assert any("sửa cổng" in str(cell.value) for cell in chain.from_iterable(rows))


def test_a_camera_that_moved_is_told_and_keeps_its_decision() -> None:
    put("a.json", scan_of(one(11)))
    area("a.json", "--format", "xlsx", "-o", "danh-muc.xlsx")
    area("apply", decide("danh-muc.xlsx", {"11": ("Đồng ý", None)}, "an.xlsx"), "--by", "An")
    moved = one(11)
    put("a.json", scan_of(replace(moved, facts=replace(moved.facts, id="cam-000000000099"))))
    again = area("a.json", "--format", "json", "-o", "b.json")
    assert "Cổng 11" in again.stderr and "mã khác" in again.stderr
    (row,) = json.loads(Path("b.json").read_text("utf-8"))["upgrades"]
    assert row["camera_id"] == "cam-000000000099" and row["decision"]["by"] == "An"
    conflict = decide("danh-muc.xlsx", {"11": ("Không đồng ý", None)}, "cu.xlsx")
    with refused("differ"):  # a workbook of before the move still means that camera
        area("apply", conflict, "--by", "Bình")


def test_decisions_of_camagent_0_1_0_are_taken_over(office: Path) -> None:
    import sqlite3

    from camagent.store import open_store

    (office / "data").mkdir()
    with (
        open_store(office / "data" / "camagent.sqlite"),
        sqlite3.connect(office / "data/camagent.sqlite") as raw,
    ):
        row = ("9001/cam-000000000011", "approve", "gấp", "a.xlsx", "2026-11-24T02:00:00Z")
        raw.execute("INSERT INTO decision (row_id, decision, note, source, at) VALUES (?, ?, ?, ?, ?)", row)
    put("a.json", scan_of(one(11)))
    done = area("a.json", "--format", "json", "-o", "b.json")
    assert "1 ý kiến của camagent trước đây" in done.stderr
    (line,) = json.loads(Path("b.json").read_text("utf-8"))["upgrades"]
    assert line["decision"]["note"] == "gấp" and line["decision"]["by"] == ""
    assert "trước đây" not in area("a.json", "--format", "json", "-o", "b.json").stderr


def test_printing_to_a_pipe_makes_no_record(office: Path) -> None:
    put("a.json", scan_of(one(11)))
    assert json.loads(area("a.json", "--format", "json").stdout)["rank"] == "share"
    assert not list(office.glob("*.sqlite"))
