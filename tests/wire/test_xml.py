"""XML as devices write it: what is read, what is recovered, and what a document may cost."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camagent.wire.xml import FEW_CHILDREN, MAX_ATTRIBUTES, MAX_ELEMENTS, Node, parse_xml
from camagent.wire.xml_recovery import recovered_tree

ADDRESS = "rtsp://192.0.2.7:554/user=admin&password=&channel=1&stream=0.sdp&onvif=0"
HEAD, TAIL = '<s:Envelope xmlns:s="urn:s"><s:Body>', "</s:Body></s:Envelope>"


def body(inner: str) -> Node:
    parsed = parse_xml((HEAD + inner + TAIL).encode())
    assert parsed is not None
    node = parsed[0].child("Body")
    assert node is not None
    return node


BROKEN = {
    "a bare & (ZoneMinder#3767)": (f"<Uri>{ADDRESS}</Uri>", ADDRESS),
    "a bare & beside good entities": ("<Uri>a&amp;b&c=1&lt;&#65;&#x42;</Uri>", "a&b&c=1<AB"),
    "an entity that nobody declared": ("<Uri>a&nbsp;b&copy=1</Uri>", "a&nbsp;b&copy=1"),
    "a bare & beside CDATA": ("<x>a&b</x><Uri><![CDATA[a&amp;b&c]]></Uri>", "a&amp;b&c"),
    "a prefix that nobody declared": ("<tt:Uri>a</tt:Uri>", "a"),
    "a value without quotes": ("<x token=P1/><Uri>a</Uri>", "a"),
    "an end tag that is missing": ("<x><y>1</x><Uri>a</Uri>", "a"),
    "an end tag too many": ("</z><Uri>a</Uri></z>", "a"),
    "a stray <": ("<x>1 < 2</x><Uri>a</Uri>", "a"),
    "an end tag of another case": ("<x>1</X><Uri>a</uri>", "a"),
    "a comment with two hyphens": ("<!-- a -- b --><Uri>a</Uri>", "a"),
    "a control character": ("<x>\x01</x><Uri>a</Uri>", "a"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_in_one_place_is_read_in_the_others(name: str) -> None:
    inner, expected = BROKEN[name]
    assert body(inner).value("Uri") == expected
    parsed = parse_xml((HEAD + inner + TAIL).encode())
    assert parsed is not None and parsed[1]


def test_attributes_are_recovered_with_and_without_quotes() -> None:
    row = body("""<y:Row a=1 b="2 &amp; 3" c='4' d e = "5"/>""").child("Row")
    assert row is not None
    assert [row.attribute(name) for name in "abde"] == ["1", "2 & 3", None, "5"]


def test_a_document_that_ends_too_soon_gives_what_was_complete() -> None:
    parsed = parse_xml((HEAD + "<Row><Name>cam</Name><Uri>rtsp://192.0.2.7/li").encode())
    assert parsed is not None and parsed[1]
    row = parsed[0].child("Body", "Row")
    assert row is not None and (row.value("Name"), row.value("Uri")) == ("cam", None)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "iso-8859-1", "windows-1258", "gb2312"])
def test_encodings_of_text_are_read(encoding: str) -> None:
    word = "\u4f60" if encoding == "gb2312" else "\xe9"
    text = f'<?xml version="1.0" encoding="{encoding}"?>{HEAD}<Name>{word}</Name>{TAIL}'
    parsed = parse_xml(text.encode(encoding))
    assert parsed is not None and parsed[0].value("Body", "Name") == word


def test_a_byte_that_is_no_utf_8_is_taken_for_latin_1_alone() -> None:
    parsed = parse_xml(HEAD.encode() + "<Name>Trường ".encode() + b"\xe9</Name>" + TAIL.encode())
    assert parsed is not None and parsed[0].value("Body", "Name") == "Trường é"


@pytest.mark.parametrize("encoding", ["utf-7", "cp037", "rot13", "zlib", "nonsense", "idna", "utf-32"])
def test_an_encoding_that_could_hide_what_is_counted_is_not_taken_at_its_word(encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?>{HEAD}+ADw-a+AD4-<Name>b</Name>{TAIL}'
    parsed = parse_xml(text.encode())
    assert parsed is not None and parsed[0].value("Body", "Name") == "b"


def test_an_envelope_is_found_between_mime_parts() -> None:
    parts = (
        b'--b\r\nContent-ID: <root@x>\r\n\r\n<?xml version="1.0"?>'
        + (HEAD + "<a/>" + TAIL).encode()
        + b"\r\n--b--"
    )
    parsed = parse_xml(parts)
    assert parsed is not None and not parsed[1] and parsed[0].child("Body", "a") is not None


BYTES = 4_000_000
SHAPES = {
    "empty elements": "<a/>" * (BYTES // 4),
    "pairs": "<a></a>" * (BYTES // 7),
    "deep": "<a>" * (MAX_ELEMENTS - 9) + "</a>" * (MAX_ELEMENTS - 9),
    "deep and never closed": "<a>" * (MAX_ELEMENTS - 9),
    "deeper": "<a>" * (BYTES // 3),
    "ends only": "</a>" * (BYTES // 4),
    "attributes of one element": "<a " + "".join(f'a{n}="" ' for n in range(BYTES // 12)) + "/>",
    "attributes that just fit": "<a " + "".join(f'a{n}="" ' for n in range(MAX_ATTRIBUTES - 9)) + "/>",
    "namespaces": "<a " + "".join(f'xmlns:a{n}="u" ' for n in range(BYTES // 18)) + "/>",
    "namespaces on each": "".join(f'<a xmlns:n{n}="u{n}"/>' for n in range(MAX_ELEMENTS - 9)),
    "text": "<a>" + "x" * BYTES + "</a>",
    "texts": ("<a>" + "x" * 80 + "</a>") * (MAX_ELEMENTS - 9),
    "ever new names": "".join(f"<n{n}_{'x' * 60}/>" for n in range(MAX_ELEMENTS - 9)),
    "one long name": "<" + "n" * BYTES + "/>",
    "one long tag": "<a " + "b " * (BYTES // 2) + "/>",
    "a tag that never ends": "<a " + "b" * BYTES,
    "stray brackets": "< " * (BYTES // 2),
    "ampersands": "<a>" + "&" * BYTES + "</a>",
    "entities": "<a>" + "&#65;" * (BYTES // 5) + "</a>",
    "quotes": '<a b="' + "'" * BYTES,
    "comments that never end": "<!--" * (BYTES // 4),
    "sections that never end": "<![CDATA[" * (BYTES // 9),
    "equals signs": "<a>" + "=" * BYTES + "</a>",
    "broken, and just within the bounds": "<p:a b=1>x</c>" * (MAX_ELEMENTS - 9),
    "blanks": " " * BYTES,
}
PROBE = """
import time
from camagent.wire.xml import MAX_XML_BYTES, parse_xml
from tests.peak import peak_mb
from tests.wire.test_xml import HEAD, SHAPES, TAIL

for name, shape in SHAPES.items():
    body = (HEAD + shape + TAIL).encode()[:MAX_XML_BYTES]
    before_mb, began_s = peak_mb(), time.process_time()
    parse_xml(body)
    print(name, peak_mb() - before_mb, round(time.process_time() - began_s, 2), sep=";")
for _ in range(10):
    parse_xml((HEAD + SHAPES["ever new names"].replace("x", str(_)) + TAIL).encode())
print("all", peak_mb(), 0, sep=";")
"""


@pytest.mark.slow
def test_no_document_costs_more_than_a_little_memory_and_time() -> None:
    done = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True)
    rows = {
        name: (int(mb), float(s)) for name, mb, s in (line.split(";") for line in done.stdout.splitlines())
    }
    # megabytes of the whole process, ten documents of ever new names included
    assert rows.pop("all")[0] < 200
    assert rows.keys() == SHAPES.keys()
    assert not {name: row for name, row in rows.items() if row[0] > 80 or row[1] > 4.0}


PIECES = ["<a>", "</a>", "<b c=", "&", "x", "<!--", "]]>", '"']


@given(st.text(max_size=200) | st.lists(st.sampled_from(PIECES)).map("".join))
def test_any_text_is_recovered_without_raising(text: str) -> None:
    recovered_tree(text)
    parse_xml(text.encode("utf-8", "replace"))


@pytest.mark.parametrize("others", [0, FEW_CHILDREN - 3, FEW_CHILDREN, 200])
def test_children_are_told_alike_among_few_and_among_many(others: int) -> None:
    """Few are looked through, of many an index is kept."""
    more = "".join(f"<n:o{number} xmlns:n='urn:n'>{number}</n:o{number}>" for number in range(others))
    node = body(f"<A>1</A><b:a xmlns:b='urn:b' t='2'><c>3</c></b:a>{more}<B/>")
    assert [child.text for child in node.children("a")] == ["1", None]
    assert node.value("A") == "1" and node.child("a", "c") is None and node.child("none") is None
    second = list(node.children("A"))[1]
    assert (second.value("c"), second.attribute("T"), second.is_plain) == ("3", "2", False)
    last = node.child("b")
    assert last is not None and last.is_plain and len(list(node.children())) == 3 + others
