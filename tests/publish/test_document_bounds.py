"""A result file of a stranger: whatever its shape, one line of reason, in bounded memory and time."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camagent.area.merge_view import AreaDocument
from camagent.document.model import MAX_CAMERAS, ScanDocument
from camagent.document.pieces import cut, parsed_bytes
from camagent.document.read import (
    MAX_PARSED_BYTES,
    DocumentError,
    parse_as,
    parse_cameras,
    parse_document,
)
from camagent.document.values import MAX_ITEMS
from camagent.text import render
from tests.each import slow_but
from tests.floor import judged, not_vacuous
from tests.publish.samples import plain, school

CAMERA = json.dumps(plain(school(2))["cameras"][1], ensure_ascii=False).encode()
FINDING = (
    b'{"rule":"A","outcome":"warn","severity":"info","stream":null,"observed":null,"required":null,"unit":null,'
    b'"basis":{"kind":"","document":null,"confidence":"low"},"message":{"vi":"","en":""},"remedy":null}'
)
EMPTY = json.dumps({**plain(school(0)), "cameras": []}, ensure_ascii=False).encode()
LIMIT_MB, LIMIT_S = 256, 60


def with_cameras(body: bytes) -> bytes:
    return EMPTY.replace(b'"cameras": []', b'"cameras": [' + body + b"]", 1)


def with_more(body: bytes) -> bytes:
    """A top-level key of a later version."""
    return EMPTY[:-1] + b',"later":' + body + b"}"


def camera_with(key: bytes, items: bytes) -> bytes:
    """The camera with these items in front of a list."""
    assert CAMERA.count(b'"%s": [' % key)
    return CAMERA.replace(b'"%s": [' % key, b'"%s": [%s,' % (key, items), 1)


SHAPES: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty cameras": (lambda: with_cameras(b"{}," * 15_000_000 + b"{}"), "cameras"),
    "lists for cameras": (lambda: with_cameras(b"[]," * 15_000_000 + b"[]"), "cameras"),
    "numbers for cameras": (lambda: with_cameras(b"1," * 30_000_000 + b"1"), "cameras"),
    "empty findings": (lambda: with_cameras(camera_with(b"findings", b"{}," * 9_000_000 + b"{}")), "cameras"),
    "findings of no kind": (
        lambda: with_cameras(camera_with(b"findings", b"null," * 200_000 + b"1")),
        "findings",
    ),
    "many findings": (
        lambda: with_cameras(camera_with(b"findings", FINDING + (b"," + FINDING) * 3_000)),
        "findings",
    ),
    "empty steps": (lambda: with_cameras(camera_with(b"steps", b"{}," * 5_000 + b"{}")), "steps"),
    "a crowd of cameras": (lambda: with_cameras(CAMERA + (b"," + CAMERA) * MAX_CAMERAS), "64"),
    "a flood of keys": (
        lambda: with_more(b"{" + b",".join(b'"%d":0' % n for n in range(3_000_000)) + b"}"),
        "entries",
    ),
    "a later list": (lambda: with_more(b"[" + b"{}," * 9_000_000 + b"{}]"), "entries"),
    "the key again": (lambda: EMPTY[:-1] + b',"cameras":[]' * 3_000_000 + b"}", "entries"),
    "deep lists": (lambda: b'{"schema":"camagent.scan/1","cameras":' + b"[" * 20_000_000, "JSON|entries"),
    "deep objects": (lambda: b'{"schema":"camagent.scan/1","cameras":[{"a":' * 900_000, "JSON|cameras"),
    "a string without an end": (lambda: EMPTY[:-1] + b',"x":"' + b'\\"' * 25_000_000, "JSON|list"),
    "digits": (lambda: with_more(b"9" * 5_000_000), ""),
    "a long text": (lambda: with_more(b'"' + "\u0323\u0301".encode() * 6_000_000 + b'"'), "entries|list"),
    "a long text of an early key": (
        lambda: (
            b'{"schema":"camagent.scan/1","site":{"id":"' + "é😀".encode() * 4_000_000 + b'"},"cameras":[]}'
        ),
        "entries",
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_strange_shape_is_refused_with_its_reason(shape: str) -> None:
    make, word = SHAPES[shape]
    try:
        read, cameras = parse_as(AreaDocument, make(), "strange.json")
        for _ in cameras:
            pass
        assert word == "", "refused"
    except DocumentError as error:
        line = render(error.problem, "en")
        assert line.startswith("strange.json: ") and "\n" not in line and len(line) < 300
        assert any(part in line for part in word.split("|")), line


MEASURED: tuple[str, ...] = (
    "empty cameras",
    "empty findings",
    "a long text of an early key",
    "the key again",
)
MEASURED += ("a later list", "honest")


@pytest.mark.parametrize("shape", slow_but("empty findings", {name: name for name in MEASURED}))
def test_no_file_under_a_megabyte_takes_the_machine(shape: str, tmp_path: Path) -> None:
    """Measured in a process of its own, as `camagent area` reads it."""
    text = (
        SHAPES[shape][0]()
        if shape in SHAPES
        else with_cameras(b",".join([CAMERA] * (60 * 2**20 // len(CAMERA))))
    )
    path = tmp_path / "strange.json.gz"
    path.write_bytes(gzip.compress(text, 6))
    assert path.stat().st_size < 2**20
    script = (
        "import sys\nfrom datetime import UTC, datetime\nfrom pathlib import Path\n"
        "from camagent.area import merge_area\n"
        "report = merge_area([Path(sys.argv[1])], datetime(2026, 12, 1, tzinfo=UTC), 'en')\n"
        "peak = next(line for line in open('/proc/self/status') if line.startswith('VmHWM'))\n"
        "print(len(report.sites), int(peak.split()[1]) // 1024)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, timeout=LIMIT_S
    )
    sites, peak_mb = map(int, done.stdout.split())
    assert sites == (shape == "honest") and peak_mb < LIMIT_MB


@pytest.mark.slow
def test_a_large_document_is_read_camera_by_camera_with_the_same_result() -> None:
    text = json.dumps(plain(school(400)), ensure_ascii=False).encode()
    assert parsed_bytes(text) > MAX_PARSED_BYTES
    whole = ScanDocument.model_validate_json(text)
    assert parse_document(text, "a.json") == whole
    head, cameras = parse_as(AreaDocument, text, "a.json")
    assert head.cameras == () and tuple(cameras) == AreaDocument.model_validate_json(text).cameras


def test_a_wrong_camera_of_a_large_document_is_named() -> None:
    document = plain(school(400))
    document["cameras"][120]["verdict"] = "probably"
    with pytest.raises(DocumentError, match=r"cameras\.120\.verdict"):
        parse_document(json.dumps(document), "a.json")


def test_a_list_longer_than_its_bound_is_refused_and_one_as_long_is_read() -> None:
    for count, fits in ((MAX_ITEMS, True), (MAX_ITEMS + 1, False)):
        document = plain(school(1))
        document["cameras"][0]["changes"] = ["new"] * count
        if fits:
            assert len(parse_document(json.dumps(document), "a.json").cameras[0].changes) == count
        else:
            with pytest.raises(DocumentError, match=r"cameras\.0\.changes"):
                parse_document(json.dumps(document), "a.json")


def test_only_the_damaged_cameras_of_a_stored_document_are_lost() -> None:
    text = with_cameras(b",".join([CAMERA, CAMERA.replace(b'"verdict"', b'"former"'), b"{}", CAMERA]))
    read = list(parse_cameras(text, "store"))
    assert [isinstance(camera, DocumentError) for camera in read] == [False, True, True, False]
    assert "cameras.1.verdict" in str(read[1])


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"{",
        b'{"cameras":}',
        b'{"cameras":{}}',
        b'{"cameras":[{}',
        b'{"cameras":[{}{}]}',
        b'{"cameras":[{},,{}]}',
        b'{"cameras":[{},]}',
        b'{"cameras":[1]}',
        b'{"cameras":[[]]}',
        b'{"cameras":[]]}',
        b'{"cameras":[]}}',
        b'{"other":{"cameras":[{}]}}',
        b'{"x":"cameras","y":[{}]}',
    ],
)
def test_what_has_no_list_of_cameras_is_not_cut(text: bytes) -> None:
    assert cut(text, 10) is None


def test_the_last_of_several_lists_counts_as_in_any_json_reader() -> None:
    text = (
        b'{"cameras": [{"a": 1}], "x": "\\"[{", "cameras" : [ {"b": [{"c": "}]"}]} , {"d": 2} ], "cameras2": '
        b"[{}]}"
    )
    pieces = cut(text, 10)
    assert (
        pieces is not None and [json.loads(part) for part in pieces.cameras()] == json.loads(text)["cameras"]
    )
    assert json.loads(pieces.head) == {**json.loads(text), "cameras": []}


KEYS = st.text(max_size=6) | st.just("cameras")
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from(['"[', "cameras", "\\", "}"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=6) | st.just("cameras"), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(
    st.lists(st.dictionaries(st.text(max_size=6), values, max_size=4), max_size=5),
    st.dictionaries(st.text(), values),
    st.booleans(),
)
def test_cutting_is_what_parsing_says(
    cameras: list[dict[str, object]], rest: dict[str, object], spaced: bool
) -> None:
    """Against the parser of the standard library: any document in its own words."""
    document = {**rest, "cameras": cameras, "last": rest}
    text = json.dumps(document, indent=2 if spaced else None, ensure_ascii=spaced).encode(
        "utf-8", "surrogatepass"
    )
    pieces = cut(text, 10)
    assert pieces is not None
    assert [json.loads(part) for part in pieces.cameras()] == cameras
    assert json.loads(pieces.head) == {**document, "cameras": []}


def is_json(text: bytes) -> bool:
    """To the standard library's parser."""
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


@not_vacuous(0.02)
@given(
    st.binary(max_size=120)
    | st.text(alphabet='{}[],:"\\ camers1', max_size=80).map(str.encode)
    | st.builds(
        lambda inner, rest: f'{{"a": 1, "cameras": [{{{inner}}}]{rest}}}'.encode(),
        st.sampled_from(("", '"b": 1', '"b": {}')) | st.text(alphabet='{}[],:"\\ 1', max_size=6),
        st.sampled_from(("", ', "c": [1]')) | st.text(alphabet='{}[],:"\\ 1', max_size=4),
    )
)
def test_cutting_lets_nothing_through_that_is_no_json(text: bytes) -> None:
    """Where every piece is JSON the whole is; else the parser of the piece refuses it."""
    pieces = cut(text, 3)
    parts = [] if pieces is None else [*pieces.cameras(), pieces.head]
    if judged(bool(parts) and all(map(is_json, parts))):
        assert is_json(text)
