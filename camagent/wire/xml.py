"""XML as devices write it, read by local name. Pure; only the standard library.

No DTD, no entity, no network, and bounds on what a document may cost, looked at before a tree is built. A
document that is not well-formed is read by recovery (`xml_recovery`) and says so, because a device that
mangles one element still tells the truth in the others. Expat and not libxml2: that keeps every name it ever
met, so that a device with ever new names made a process grow without end (150 MB by 40 replies, measured with
lxml 6.1).
"""

from __future__ import annotations

import codecs
import html
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from xml.etree.ElementTree import Element, ParseError, XMLParser

from camagent.wire.http_reply import MAX_BODY_BYTES
from camagent.wire.xml_recovery import recovered_tree

MAX_XML_BYTES = MAX_BODY_BYTES
MAX_TEXT_CHARS = 2048  # no value that we keep is longer than a URI; see model.uri
MAX_CHILDREN = 1024  # rows of one list that we read; four times the profiles of the largest recorder
MAX_ELEMENTS = 50_000  # 256 media profiles of 130 elements, analytics included, and half as many again
MAX_ATTRIBUTES = 100_000  # two for each element; bounds "=" in the whole document
FEW_CHILDREN = 12  # so many are looked through; an index of them costs more than it saves
MAX_NAME_CHARS = 160  # of a name with its namespace that is remembered; bounds what 2,048 of them keep

_ENCODING = re.compile(rb"""\A\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,32})["']""")
_TEXT_ENCODINGS = frozenset(
    {"ascii", "iso8859-1", "iso8859-15", "cp1250", "cp1251", "cp1252", "cp1258", "koi8-r"}
) | {
    "gb2312",
    "gbk",
    "gb18030",
    "big5",
}
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_ENVELOPE = re.compile(r"<(?:\?xml|(?:[\w.-]+:)?Envelope\b)", re.I)
_ENVELOPE_ENDS = re.compile(r"</(?:[\w.-]+:)?Envelope\s*>", re.I)


class Node:
    """One element: names without namespace and prefix, in any case; text stripped and bounded."""

    __slots__ = ("_element", "_index")

    def __init__(self, element: Element) -> None:
        self._element = element
        self._index: dict[str, list[Node]] | None = None

    @property
    def name(self) -> str:
        """The local name as written; a prefix that nobody declared is dropped too."""
        tag = self._element.tag
        return _local_name(tag) if len(tag) <= MAX_NAME_CHARS else _local(tag)

    @property
    def is_plain(self) -> bool:
        """It has neither children nor attributes: its text is all that it says."""
        return not self._element.attrib and not len(self._element)

    @property
    def text(self) -> str | None:
        """The element's own text; None where it is empty or too long (half an address would be a wrong
        one)."""
        return _bounded(self._element.text)

    def words(self) -> Iterator[str]:
        """The words of the element's own text, which may be a long list; without those that are too long."""
        return (word for word in (self._element.text or "").split() if len(word) <= MAX_TEXT_CHARS)

    def attribute(self, name: str) -> str | None:
        """An attribute's value; None where it is missing or empty."""
        attributes = self._element.attrib
        if not attributes:
            return None
        if name in attributes:
            return _bounded(attributes[name])
        wanted = name.lower()
        return next((_bounded(value) for key, value in attributes.items() if _folded(key) == wanted), None)

    def children(self, name: str | None = None) -> Iterator[Node]:
        """Child elements in document order, at most MAX_CHILDREN."""
        if name is None:
            return map(Node, islice(self._element, MAX_CHILDREN))
        return iter(self._named(name.lower())[:MAX_CHILDREN])

    def child(self, *path: str) -> Node | None:
        """The first element down this path."""
        node = self
        for name in path:
            first = node._first(name.lower())
            if first is None:
                return None
            node = first
        return node

    def _first(self, wanted: str) -> Node | None:
        element = self._element
        if len(element) > FEW_CHILDREN:
            return next(iter(self._named(wanted)), None)
        for child in element:
            tag = child.tag
            if (_folded_name(tag) if len(tag) <= MAX_NAME_CHARS else _folded(tag)) == wanted:
                return Node(child)
        return None

    def _named(self, wanted: str) -> list[Node]:
        """Children of that local name in lower case; of many an index is kept, for they are asked for one
        after another."""
        if len(self._element) <= FEW_CHILDREN:
            return [Node(child) for child in self._element if _folded(child.tag) == wanted]
        if self._index is None:
            self._index = {}
            for child in self._element:
                self._index.setdefault(_folded(child.tag), []).append(Node(child))
        return self._index.get(wanted, [])

    def value(self, *path: str) -> str | None:
        """The text at the end of this path, or an attribute of that name on the last element but one."""
        parent = self.child(*path[:-1])
        if parent is None:
            return None
        node = parent.child(path[-1])
        text = node.text if node is not None else None
        return text if text is not None else parent.attribute(path[-1])

    def walk(self, name: str) -> Iterator[Node]:
        """Every descendant of that name, at most MAX_CHILDREN."""
        wanted, own = name.lower(), self._element
        named = (e for e in own.iter() if e is not own and _folded(e.tag) == wanted)
        return map(Node, islice(named, MAX_CHILDREN))


def as_xml_text(text: str) -> str:
    """The text as it stands between two tags.

    As `xml.sax.saxutils.escape`, which loads the standard library's HTTP client and mail parser beside it.
    """
    return html.escape(text, quote=False)


def parse_xml(body: bytes) -> tuple[Node, bool] | None:
    """The root element and whether it took recovery to read it; None for what is no XML or beyond the
    bounds."""
    if len(body) > MAX_XML_BYTES:
        return None
    text, is_damaged = _decoded(body)
    text = _envelope_of(text)
    if not text or is_costly(text) or "<!DOCTYPE" in text or "<!ENTITY" in text:
        return None
    root = None if is_damaged else _parse(text)
    if root is not None:
        return Node(root), False
    root = recovered_tree(text)
    return (Node(root), True) if root is not None else None


def is_costly(text: str) -> bool:
    """True where a tree of it would have more elements or attributes than the bounds allow."""
    ends = text.count("</")
    return (
        text.count("<") - ends > MAX_ELEMENTS or ends > 2 * MAX_ELEMENTS or text.count("=") > MAX_ATTRIBUTES
    )


def _decoded(body: bytes) -> tuple[str, bool]:
    """The document as text, and whether bytes of it had to be guessed.

    Only encodings of text are taken at their word: another one could hide what the bounds count.
    """
    bom = next(((mark, name) for mark, name in _BOMS if body.startswith(mark)), None)
    if bom is not None:
        body, name = body[len(bom[0]) :], bom[1]
    else:
        stated = _ENCODING.match(body)
        name = _known_encoding(stated[1].decode()) if stated is not None else "utf-8"
    try:
        return body.decode(name), False
    except (UnicodeDecodeError, LookupError):
        return body.decode("utf-8", "camagent-latin-1"), True


def _known_encoding(stated: str) -> str:
    try:
        name = codecs.lookup(stated).name
    except LookupError:
        return "utf-8"
    return name if name in _TEXT_ENCODINGS else "utf-8"


def _as_latin_1(error: UnicodeError) -> tuple[str, int]:
    """A byte that is no UTF-8 is most often Latin-1, written by a device that declares something else."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error("camagent-latin-1", _as_latin_1)


def _envelope_of(text: str) -> str:
    """Without what stands around the envelope: MIME parts, echoes, line ends; from the first "<" if there is
    none."""
    begins = _ENVELOPE.search(text)
    start = begins.start() if begins is not None else text.find("<")
    if start < 0:
        return ""
    text = text.rstrip()
    if text.endswith("Envelope>"):
        return text[start:]
    end = 0
    for closing in _ENVELOPE_ENDS.finditer(text, start):
        end = closing.end()
    return text[start:end] if end else text[start:]


def _parse(text: str) -> Element | None:
    parser = XMLParser()
    try:
        parser.feed(text)
        return parser.close()
    except (ParseError, ValueError, LookupError):
        return None


def _bounded(text: str | None) -> str | None:
    text = text.strip() if text else ""
    return text if 0 < len(text) <= MAX_TEXT_CHARS else None


def _folded(tag: str) -> str:
    """The local name in lower case; remembered where it is no longer than honest names are."""
    return _folded_name(tag) if len(tag) <= MAX_NAME_CHARS else _local(tag).lower()


@lru_cache(maxsize=2048)
def _folded_name(tag: str) -> str:
    return _local(tag).lower()


@lru_cache(maxsize=2048)
def _local_name(tag: str) -> str:
    return _local(tag)


def _local(tag: str) -> str:
    name = tag[tag.rfind("}") + 1 :]
    return name if ":" not in name else name[name.rfind(":") + 1 :]
