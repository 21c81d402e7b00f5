"""XML as devices write it, read by local name. Pure; the only importer of lxml here.

No DTD, no entity, no network. A document that is not well-formed is read by recovery and says so, because a device that
mangles one element still tells the truth in the others (and a silent loss would be worse than a loud one).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from lxml import etree

MAX_XML_BYTES = 4 * 1024 * 1024  # 256 media profiles at 9 kB each, the largest recorded, and nearly as much again
MAX_TEXT_CHARS = 2048  # no value that we keep is longer than a URI; see model.uri
MAX_CHILDREN = 1024  # rows of one list that we read; four times the profiles of the largest recorder

_UNQUOTED_ATTRIBUTE = re.compile(rb"""(<[^<>]*?\s[\w:.-]+=)([^\s"'<>]+)(?=[\s>])""")


class Node:
    """One element: names without namespace and prefix, in any case; text stripped and bounded."""

    __slots__ = ("_element", "_index")

    def __init__(self, element: Any) -> None:
        self._element = element
        self._index: dict[str, list[Any]] | None = None

    @property
    def name(self) -> str:
        """The local name as written; a prefix that nobody declared is dropped too."""
        return _local(self._element.tag)

    @property
    def text(self) -> str | None:
        """The element's own text; None where it is empty or too long (half an address would be a wrong one)."""
        return _bounded(self._element.text)

    def attribute(self, name: str) -> str | None:
        """An attribute's value; None where it is missing or empty."""
        wanted = name.lower()
        for key, value in self._element.attrib.items():
            if _local(key).lower() == wanted:
                return _bounded(value)
        return None

    def children(self, name: str | None = None) -> Iterator[Node]:
        """Child elements in document order, at most MAX_CHILDREN."""
        if name is None:
            elements: Iterable[Any] = (child for child in self._element if isinstance(child.tag, str))
        else:
            elements = self._by_name().get(name.lower(), ())
        return map(Node, islice(elements, MAX_CHILDREN))

    def child(self, *path: str) -> Node | None:
        """The first element down this path."""
        node = self
        for name in path:
            found = node._by_name().get(name.lower())
            if not found:
                return None
            node = Node(found[0])
        return node

    def _by_name(self) -> dict[str, list[Any]]:
        """Children by local name in lower case: replies are asked for one field after another."""
        if self._index is None:
            self._index = {}
            for child in self._element:
                tag = child.tag
                if isinstance(tag, str):
                    self._index.setdefault(_local(tag).lower(), []).append(child)
        return self._index

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
        wanted, count = name.lower(), 0
        for element in self._element.iterdescendants():
            if isinstance(element.tag, str) and _local(element.tag).lower() == wanted:
                count += 1
                if count > MAX_CHILDREN:
                    return
                yield Node(element)


def parse_xml(body: bytes) -> tuple[Node, bool] | None:
    """The root element and whether it took recovery to read it; None for what is no XML at all."""
    start = body.find(b"<")
    if start < 0 or len(body) > MAX_XML_BYTES:
        return None
    body = body if body.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")) else body[start:]
    root = _parse(body, recover=False)
    if root is not None:
        return (Node(root), False) if _is_plain(root) else None
    root = _parse(_UNQUOTED_ATTRIBUTE.sub(rb'\1"\2"', body), recover=True)
    return (Node(root), True) if root is not None and _is_plain(root) else None


def _parser(recover: bool) -> Any:
    return etree.XMLParser(
        recover=recover,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


_STRICT, _RECOVERING = _parser(recover=False), _parser(recover=True)  # reused: each keeps only its settings


def _parse(body: bytes, recover: bool) -> Any:
    try:
        return etree.fromstring(body, _RECOVERING if recover else _STRICT)
    except (etree.XMLSyntaxError, ValueError, LookupError):
        return None


def _is_plain(root: Any) -> bool:
    return isinstance(root.tag, str) and root.getroottree().docinfo.internalDTD is None


def _bounded(text: str | None) -> str | None:
    text = text.strip() if text else ""
    return text if 0 < len(text) <= MAX_TEXT_CHARS else None


def _local(tag: str) -> str:
    name = tag[tag.rfind("}") + 1 :]
    return name if ":" not in name else name[name.rfind(":") + 1 :]
