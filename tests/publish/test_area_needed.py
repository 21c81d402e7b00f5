"""What an area reads of a document is cut out before it is parsed: nothing is read otherwise for it."""

from __future__ import annotations

import gzip
import json
import random

from camagent.area.merge_view import AreaDocument
from camagent.area.needed import MAX_CUT_BYTES, needed_text
from camagent.document.model import CameraView
from camagent.document.read import DocumentError, parse_as
from camagent.text import render
from tests.each import each
from tests.publish.samples import hostile_school, plain, school
from tests.publish.sixty import OLD

DAMAGES = 1500
MARKS = (b'"', b"{", b"}", b"[", b"]", b",", b":", b"0", b"null", b"\\", b"\xff", b"\x00", b"true", b'"a":1,')


def small() -> bytes:
    """One camera of each kind that the samples have, with a row of each outcome."""
    document = plain(school(4))
    rows = document["cameras"][1]["findings"]
    for outcome, manual in (("not_assessed", True), ("not_assessed", False), ("defect", False)):
        rows.append({**rows[0], "outcome": outcome, "manual": manual})
    return json.dumps(document, ensure_ascii=False).encode()


def reading(text: bytes) -> tuple[AreaDocument, tuple[CameraView, ...]] | str:
    """What an area reads of it, or why nothing."""
    try:
        document, cameras = parse_as(AreaDocument, text, "a.json")
        return document, tuple(cameras)
    except DocumentError as error:
        return render(error.problem, "en")


DOCUMENTS = {
    "of every kind": small(),
    "of version 0.1.0": gzip.decompress(OLD.read_bytes()),
    "hostile": json.dumps(plain(hostile_school())).encode(),
    "without cameras": json.dumps(plain(school(0))).encode(),
    "spread over lines": json.dumps(json.loads(small()), indent=2).encode(),
}


@each(DOCUMENTS)
def test_the_cut_text_is_read_as_the_whole(name: str) -> None:
    text = DOCUMENTS[name]
    cut = needed_text(text)
    assert not isinstance(reading(text), str)
    assert reading(cut) == reading(text)
    assert len(cut) < len(text)


def test_most_of_a_school_is_cut_away() -> None:
    text = json.dumps(plain(school(40))).encode()
    assert len(needed_text(text)) < 0.7 * len(text)


def test_damage_is_named_as_it_would_be_in_the_whole() -> None:
    """A byte changed, lost or put in, anywhere: read or refused exactly as before, with the same sentence."""
    text, draw, refused = small(), random.Random(7), 0
    for _ in range(DAMAGES):
        at, cut = draw.randrange(len(text)), draw.randrange(3)
        damaged = text[:at] + (draw.choice(MARKS) if cut else b"") + text[at + draw.randrange(1, 3) :]
        whole = reading(damaged)
        assert reading(needed_text(damaged)) == whole, (at, damaged[max(0, at - 60) : at + 60])
        refused += isinstance(whole, str)
    assert DAMAGES / 10 < refused < DAMAGES


STRANGE = {
    "no object": b"[]",
    "nothing": b"",
    "half": small()[: len(small()) // 2],
    "no letters": small().replace("ư".encode(), b"\xff", 1),
    "cameras twice": small()[:-1] + b',"cameras":[]}',
    "cameras null": b'{"schema":"camagent.scan/1","cameras":null}',
    "unknown outcome": small().replace(b'"outcome": "fail"', b'"outcome": "maybe"', 1),
    "deep in what is read": b'{"schema":' + b"[" * 5000 + b"]" * 5000 + b"}",
}


@each(STRANGE)
def test_what_is_no_document_stays_none(name: str) -> None:
    text = STRANGE[name]
    assert reading(needed_text(text)) == reading(text)


def test_a_long_text_is_left_to_who_reads_camera_by_camera() -> None:
    text = small() + b" " * MAX_CUT_BYTES
    assert needed_text(text) is text
