from __future__ import annotations

from datetime import date
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camagent.inventory.join import join
from camagent.model.discovery import Change, SeenCamera
from camagent.model.operator_error import MAX_PROBLEMS, OperatorError
from camagent.model.scan_result import Declaration, ManualAnswer
from camagent.operator_files.inventory_file import parse_inventory, read_inventory
from camagent.text import LANGUAGES, render
from tests.floor import judged, not_vacuous
from tests.refusal import refused

SERIAL, OTHER_SERIAL = "DS-2CD2143G2I20240101AAWRK12345678", "7J0A3C5PAZ00042"
MAC, OTHER_MAC = "3c:ef:8c:12:34:56", "9c:8e:cd:65:43:21"


def csv(text: str, **how: str) -> tuple[Declaration, ...]:
    return parse_inventory(text.encode(how.get("encoding", "utf-8")), "camera.csv")


def refusals(content: str | bytes, file: str = "camera.csv") -> list[tuple[str, str]]:
    with pytest.raises(OperatorError) as caught:
        parse_inventory(content if isinstance(content, bytes) else content.encode(), file)
    for problem in caught.value.problems:
        for lang in LANGUAGES:
            assert render(problem, lang)
    return [(p.key.rpartition(".")[2], str(dict(p.args)["place"])) for p in caught.value.problems]


VIETNAMESE = (
    "STT;Tên;Vị trí;Địa chỉ IP;Số seri;MAC;Mã máy;Nhiệm vụ;Bề rộng cảnh (m);Chia sẻ;Ngoài trời;Ghi chú\r\n"
    f"1;Cổng chính;Cổng trường;192.168.1.21;{SERIAL};3C-EF-8C-12-34-56;DS-2CD2143;gate;3,5;có;x;mới\r\n"
    ";;;;;;;;;;;\r\n"
    "2;Hành lang;;192.168.1.22:8000;;;;corridor;;không;;\r\n"
)


@pytest.mark.parametrize(
    "encode",
    [
        lambda t: t.encode(),
        lambda t: t.encode("utf-8-sig"),
        lambda t: t.encode("utf-16"),
        lambda t: t.replace(";", "\t").encode("utf-16"),
        lambda t: ("sep=;\r\n" + t).encode(),
        lambda t: t.replace("3,5", '"3,5"').replace(";", ",").encode(),
    ],
    ids=["plain", "BOM", "UTF-16", "Excel's Unicode text", "sep line", "commas"],
)
def test_what_excel_saves_in_vietnam_is_read(encode: object) -> None:
    first, second = parse_inventory(encode(VIETNAMESE), "camera.csv")  # type: ignore[operator]
    assert first == Declaration(
        name="Cổng chính",
        place="Cổng trường",
        address="192.168.1.21",
        serial=SERIAL,
        mac=MAC,
        model="DS-2CD2143",
        task="gate",
        scene_width_m=3.5,
        shared=True,
        outdoor=True,
    )
    assert (second.address, second.port, second.shared, second.outdoor) == ("192.168.1.22", 8000, False, None)


def test_a_name_written_in_decomposed_letters_is_composed() -> None:
    assert csv("name,ip\nCo\u0302\u0309ng,192.168.1.2\n")[0].name == "Cổng"


def test_english_headers_in_any_spelling_are_read() -> None:
    (only,) = csv("Name, IP Address ,S/N,SCENE_WIDTH_M\nGate,cam-1.school.lan, AB12CD34 ,2.5\n")
    assert (only.address, only.serial, only.scene_width_m) == ("cam-1.school.lan", "AB12CD34", 2.5)


def test_an_rtsp_camera_without_onvif_is_declared_by_its_stream() -> None:
    (only,) = csv("ip\nrtsp://192.168.1.30:8554/live/0?x=1\n")
    assert (only.address, only.stream_uri) == ("192.168.1.30", "rtsp://192.168.1.30:8554/live/0?x=1")


def test_a_password_in_the_list_is_refused_and_not_repeated() -> None:
    with pytest.raises(OperatorError) as caught:
        csv("ip\nrtsp://admin:hunter2@192.168.1.30/live\n")
    assert "hunter2" not in str(caught.value)
    assert all("hunter2" not in render(p, lang) for p, lang in product(caught.value.problems, LANGUAGES))


def test_every_mistake_of_a_list_is_told_at_once_with_its_line() -> None:
    text = (
        "name,ip,mac,serial,shared,scene_width_m\n"
        "a,192.168.1.300,,,,\n"
        "b,192.168.1.2,3c:ef,,,\n"
        "c,192.168.1.3,,1.23E+11,,\n"
        "d,192.168.1.4,,,maybe,\n"
        "e,192.168.1.5,,,,wide\n"
        "f,,,,,\n"
        "g,192.168.1.2,,,,\n"
    )
    assert refusals(text) == [
        ("bad_address", "camera.csv:2"),
        ("bad_mac", "camera.csv:3"),
        ("mangled_number", "camera.csv:4"),
        ("bad_yes_no", "camera.csv:5"),
        ("bad_number", "camera.csv:6"),
        ("nothing_to_go_by", "camera.csv:7"),
        ("twice", "camera.csv:8"),
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("name,adress\na,b\n", "unknown_column"),
        ("name,place\na,b\n", "no_columns"),
        ("ip,ip\n192.168.1.1,192.168.1.2\n", "column_twice"),
        ("ip\n", "no_cameras"),
        ("", "no_columns"),
        ("ip,tên\n192.168.1.1,Cổng\n".encode("cp1258", errors="replace").replace(b"?", b"\xf4"), "not_utf8"),
        (b"PK\x03\x04\x14\x00\x06\x00", "not_utf8"),
        ("ip,name\n192.168.1.1," + "x" * 501 + "\n", "too_long"),
        ('ip,name\n192.168.1.1,"' + "x" * 140_000 + "\n", "bad_line"),
        ("x" * 140_000 + "\nip,name\n", "bad_line"),
        ("ip\n" + "a" + "\u0323\u0301" * 200_000 + "\n", "bad_address"),
        ("sep=|\n" + "c1," * 60_000 + "\n", "bad_line"),
    ],
)
def test_a_file_that_is_no_list_is_refused_with_its_reason(content: str | bytes, reason: str) -> None:
    assert reason in [key for key, _ in refusals(content)]


def test_a_list_without_an_end_of_columns_is_told_once() -> None:
    with pytest.raises(OperatorError) as caught:
        parse_inventory(("ip;" + "a;" * 300_000 + "\n").encode(), "camera.csv")
    assert len(caught.value.problems) == MAX_PROBLEMS + 1


def test_toml_carries_what_only_a_person_can_answer() -> None:
    text = """
    [[camera]]
    name = "Cổng chính"
    address = "192.168.1.21"
    scene_width_m = 4
    shared = false
    [[camera.answer]]
    rule = "SIGN-1"
    met = true
    by = "Nguyễn Văn A"
    on = 2026-09-01
    expires = "31/05/2027"
    """
    (only,) = parse_inventory(text.encode(), "camera.toml")
    assert (only.scene_width_m, only.shared) == (4.0, False)
    assert only.answers == (
        ManualAnswer("SIGN-1", True, "Nguyễn Văn A", date(2026, 9, 1), date(2027, 5, 31)),
    )


def test_every_mistake_of_a_toml_list_is_told_at_once_with_its_table() -> None:
    text = """
    cameras = 3
    [[camera]]
    adress = "192.168.1.21"
    [[camera]]
    address = ["192.168.1.22"]
    [[camera]]
    address = "192.168.1.23"
    scene_width_m = true
    [[camera.answer]]
    rule = "SIGN-1"
    met = "perhaps"
    on = "yesterday"
    who = "me"
    """
    assert set(refusals(text, "camera.toml")) == {
        ("unknown_key", "camera.toml"),
        ("unknown_key", "camera.toml [[camera]] 1"),
        ("nothing_to_go_by", "camera.toml [[camera]] 1"),
        ("not_a_cell", "camera.toml [[camera]] 2"),
        ("bad_address", "camera.toml [[camera]] 2"),
        ("bad_number", "camera.toml [[camera]] 3"),
        ("bad_yes_no", "camera.toml [[camera]] 3"),
        ("bad_date", "camera.toml [[camera]] 3"),
        ("unknown_key", "camera.toml [[camera]] 3"),
        ("missing_key", "camera.toml [[camera]] 3"),
    }


@pytest.mark.parametrize("content", ["camera = 3", "[[camera", "camera = [1]", "[camera]\naddress = 'a'"])
def test_toml_of_another_shape_is_refused(content: str) -> None:
    with refused("camera.toml"):
        parse_inventory(content.encode(), "camera.toml")


def test_a_file_that_is_not_there_is_the_operator_s_mistake(tmp_path: Path) -> None:
    with pytest.raises(OperatorError):
        read_inventory(tmp_path / "none.csv")
    (tmp_path / "one.csv").write_text("ip\n192.168.1.1\n")
    assert [d.address for d in read_inventory(tmp_path / "one.csv")] == ["192.168.1.1"]


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(("a.csv", "a.toml")))
def test_any_file_is_a_list_or_a_refusal(content: bytes, file: str) -> None:
    try:
        assert parse_inventory(content, file)
    except OperatorError as error:
        assert error.problems


GOOD_CELLS = (("192.168.1.7", "cam.local"), ("", "S1"), ("", "00:11:22:33:44:55"), ("", "yes"), ("", "4.5"))
CELLS = st.one_of(
    st.tuples(*map(st.sampled_from, GOOD_CELLS)),
    st.tuples(*(st.text(max_size=12) | st.sampled_from(good) for good in GOOD_CELLS)),
)


@not_vacuous(0.05)
@settings(max_examples=200, deadline=None)
@given(st.lists(CELLS, max_size=2))
def test_any_cells_are_read_or_refused(cells: list[tuple[str, ...]]) -> None:
    lines = ["ip;serial;mac;shared;scene_width_m", *(";".join(row) for row in cells)]
    try:
        judged(bool(parse_inventory("\n".join(lines).encode("utf-8", errors="replace"), "a.csv")))
    except OperatorError as error:
        judged(False)
        assert all(render(problem, "vi") for problem in error.problems)


def declared(
    address: str | None = None, serial: str | None = None, mac: str | None = None, **more: str
) -> Declaration:
    return Declaration(address=address, serial=serial, mac=mac, **more)  # type: ignore[arg-type]


def seen(address: str, serial: str | None = None, *macs: str, channel: str | None = None) -> SeenCamera:
    return SeenCamera(f"cam-{address}-{channel}", address, serial, macs, channel=channel)


def outcome(declarations: list[Declaration], cameras: list[SeenCamera]) -> list[tuple[Change, str | None]]:
    return [(r.change, r.camera.address if r.camera else None) for r in join(declarations, cameras)]


A, B = "192.168.1.21", "192.168.1.22"


@pytest.mark.parametrize(
    ("declaration", "camera", "expected"),
    [
        (declared(A, SERIAL), seen(A, SERIAL), (Change.PRESENT, A)),
        (declared(A), seen(A, SERIAL), (Change.PRESENT, A)),
        (declared(A, SERIAL), seen(A), (Change.PRESENT, A)),
        (declared(A, SERIAL), seen(B, SERIAL), (Change.MOVED, B)),
        (declared(A, mac=MAC), seen(B, None, OTHER_MAC, MAC), (Change.MOVED, B)),
        (declared(A, SERIAL), seen(A, OTHER_SERIAL), (Change.REPLACED, A)),
        (declared(A, mac=MAC), seen(A, None, OTHER_MAC), (Change.REPLACED, A)),
        (declared(None, SERIAL), seen(B, SERIAL), (Change.PRESENT, B)),
        (declared(A, SERIAL, MAC), seen(A, SERIAL, OTHER_MAC), (Change.PRESENT, A)),
        (declared(A, "NONE"), seen(B, "NONE"), (Change.MISSING, None)),
        (
            declared(A, mac="00:12:34:56:78:9a"),
            seen(B, None, "00:12:34:56:78:9a"),
            (Change.MISSING, None),
        ),
        (declared(A, "0123456789"), seen(A, SERIAL), (Change.PRESENT, A)),
    ],
)
def test_one_line_meets_one_camera(
    declaration: Declaration, camera: SeenCamera, expected: tuple[Change, str | None]
) -> None:
    assert outcome([declaration], [camera])[0] == expected


def test_two_cameras_that_changed_places_have_both_moved() -> None:
    discovery = outcome(
        [declared(A, SERIAL), declared(B, OTHER_SERIAL)], [seen(A, OTHER_SERIAL), seen(B, SERIAL)]
    )
    assert discovery == [(Change.MOVED, B), (Change.MOVED, A)]


def test_a_cloned_serial_settles_nothing() -> None:
    discovery = outcome([declared(A, SERIAL)], [seen(B, SERIAL), seen("192.168.1.23", SERIAL)])
    assert [change for change, _ in discovery] == [Change.MISSING, Change.NEW, Change.NEW]


def test_a_camera_that_nobody_declared_is_new_and_one_that_nobody_saw_is_missing() -> None:
    assert outcome([declared(A)], [seen(B)]) == [(Change.MISSING, None), (Change.NEW, B)]


def test_the_channels_of_a_recorder_are_told_apart() -> None:
    lines = [declared(A, channel="VS_1"), declared(A, channel="VS_2"), declared(A, channel="VS_3")]
    cameras = [seen(A, SERIAL, channel="VS_2"), seen(A, SERIAL, channel="VS_1")]
    rows = join(lines, cameras)
    assert [r.change for r in rows] == [Change.PRESENT, Change.PRESENT, Change.MISSING]
    assert [r.camera.channel for r in rows if r.camera] == ["VS_1", "VS_2"]


def test_the_channels_of_one_recorder_may_share_its_address_and_serial_in_a_list() -> None:
    text = f"ip,serial,kênh\n{A},{SERIAL},VS_1\n{A},{SERIAL},VS_2\n"
    assert [d.channel for d in csv(text)] == ["VS_1", "VS_2"]
    assert refusals(f"{text}{A},{SERIAL},VS_2\n") == [("twice", "camera.csv:4")]


def test_a_recorder_declared_on_one_line_is_there_and_its_other_channels_are_new() -> None:
    rows = join([declared(A, SERIAL)], [seen(A, SERIAL, channel="VS_1"), seen(A, SERIAL, channel="VS_2")])
    assert [r.change for r in rows] == [Change.PRESENT, Change.NEW]


_signs = st.sampled_from((None, SERIAL, OTHER_SERIAL, "NONE"))
_macs = st.sampled_from((None, MAC, OTHER_MAC))
_places = st.sampled_from((A, B, "192.168.1.23", "cam.lan"))


@not_vacuous(0.06)
@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.builds(declared, st.one_of(st.none(), _places), _signs, _macs), max_size=5),
    st.lists(st.builds(lambda a, s, m: seen(a, s, *([m] if m else [])), _places, _signs, _macs), max_size=5),
)
def test_every_line_and_every_camera_comes_out_exactly_once(
    lines: list[Declaration], cameras: list[SeenCamera]
) -> None:
    rows = join(lines, cameras)
    assert [r.declaration for r in rows if r.declaration is not None] == lines
    came = [id(r.camera) for r in rows if r.camera is not None]
    assert sorted(came) == sorted(map(id, cameras))
    judged(any(row.declaration and row.camera for row in rows))
    for row in rows:
        assert (row.change is Change.MISSING) == (row.camera is None)
        assert (row.change is Change.NEW) == (row.declaration is None)


@pytest.mark.parametrize("text", ["x = " + "9" * 5000, "x = " + "[" * 5000])
def test_odd_toml_is_one_problem(text: str) -> None:
    with pytest.raises(OperatorError) as refusal:
        parse_inventory(text.encode(), "camera.toml")
    assert [problem.key for problem in refusal.value.problems] == ["config.not_toml"]


def test_a_camera_may_be_excluded_until_a_day_with_a_reason() -> None:
    (camera,) = csv("Địa chỉ;Tạm ngừng đến;Lý do tạm ngừng\n192.168.1.9;31/01/2027;đang xây nhà xe\n")
    assert (camera.excluded_until, camera.excluded_because) == (date(2027, 1, 31), "đang xây nhà xe")
    table = b'[[camera]]\naddress = "192.168.1.9"\nexcluded_until = 2027-01-31\nexcluded_because = "x"\n'
    assert parse_inventory(table, "camera.toml")[0].excluded_until == date(2027, 1, 31)


@pytest.mark.parametrize("row", ["192.168.1.9;31/01/2027;", "192.168.1.9;;đang xây"])
def test_excluded_without_a_day_or_a_reason_is_refused(row: str) -> None:
    assert refusals(f"address;excluded_until;excluded_because\n{row}\n") == [
        ("half_excluded", "camera.csv:2")
    ]
