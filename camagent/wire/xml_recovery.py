"""A tree out of XML that is not well-formed: prefixes that nobody declared, values without quotes, a bare
"&", an end that is missing. Pure; every step is linear in the length of the text.

What cannot be an element is text, what cannot be text is left out; an end tag closes the nearest element of
its name.
"""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

MAX_DEPTH = 200  # of nested elements; the deepest recorded reply has 17
MAX_UNCLOSED = 32  # elements that one end tag may close together; a reply that leaves more open is no reply
MAX_TAG_CHARS = 16_384  # of one tag with its attributes; an envelope that declares 46 namespaces has 3,000

_NAME = re.compile(r"[^\s/>=\"'<]+")
_ATTRIBUTE = re.compile(r"""([^\s=<>"'/]+)(?:\s*=\s*("[^"]*"?|'[^']*'?|[^\s"'<>]+))?|.""", re.S)
_ENTITY = re.compile(r"&(?:#([0-9]{1,7})|#x([0-9a-fA-F]{1,6})|(amp|lt|gt|quot|apos));")
_WORDS = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_SECTIONS = (("<![CDATA[", "]]>"), ("<!--", "-->"), ("<?", ">"), ("<!", ">"))


def recovered_tree(text: str) -> Element | None:
    """The first element with all that stands in it; None where there is none."""
    builder = _Builder()
    at, end = 0, len(text)
    while at < end:
        opens = text.find("<", at)
        if opens < 0:
            builder.text(text[at:])
            break
        builder.text(text[at:opens])
        section = next((s for s in _SECTIONS if text.startswith(s[0], opens)), None)
        at = _section(text, opens, section, builder) if section is not None else _tag(text, opens, builder)
    return builder.root


def _section(text: str, opens: int, section: tuple[str, str], builder: _Builder) -> int:
    """Past a comment, an instruction or a CDATA section, whose content is text."""
    begin, finish = section
    closes = text.find(finish, opens + len(begin))
    if closes < 0:
        return len(text)
    if begin == "<![CDATA[":
        builder.raw_text(text[opens + len(begin) : closes])
    return closes + len(finish)


def _tag(text: str, opens: int, builder: _Builder) -> int:
    """Past one tag; a "<" that opens none is text."""
    next_opens = text.find("<", opens + 1)
    limit = min(next_opens if next_opens >= 0 else len(text), opens + MAX_TAG_CHARS)
    closes = text.find(">", opens + 1, limit)
    if closes < 0:
        return limit  # a tag that never ends: nothing of it can be believed
    inner = text[opens + 1 : closes]
    name = _NAME.match(inner, 1 if inner.startswith("/") else 0)
    if name is None:
        builder.raw_text("<")
        return opens + 1
    if inner.startswith("/"):
        builder.close(name[0])
    else:
        builder.open(name[0], _attributes(inner[name.end() :]), is_empty=inner.endswith("/"))
    return closes + 1


def _attributes(text: str) -> dict[str, str]:
    stated = (match for match in _ATTRIBUTE.finditer(text) if match[1] and match[2])
    return {match[1]: _plain(match[2].strip("\"'")) for match in stated}


def _plain(text: str) -> str:
    return _ENTITY.sub(_character, text) if "&" in text else text


def _character(match: re.Match[str]) -> str:
    if match[3]:
        return _WORDS[match[3]]
    code = int(match[1]) if match[1] else int(match[2], 16)
    return chr(code) if 31 < code < 0xD800 or 0xDFFF < code < 0x110000 else " "


class _Builder:
    """The elements that are open, and the tree so far."""

    def __init__(self) -> None:
        self.root: Element | None = None
        self._open: list[Element] = []
        self._texts: list[str] = []

    def open(self, name: str, attributes: dict[str, str], is_empty: bool) -> None:
        element = Element(_local(name), attributes)
        if self._open:
            self._end_text()
            self._open[-1].append(element)
        elif self.root is None:
            self.root = element
        else:
            return  # behind the root
        if not is_empty and len(self._open) < MAX_DEPTH:
            self._open.append(element)

    def close(self, name: str) -> None:
        wanted = _local(name).lower()
        deepest = len(self._open) - 1
        near = range(deepest, max(-1, deepest - MAX_UNCLOSED), -1)
        depth = next((d for d in near if self._open[d].tag.lower() == wanted), None)
        if depth is not None:
            self._end_text()
            del self._open[depth:]

    def text(self, text: str) -> None:
        self.raw_text(_plain(text))

    def raw_text(self, text: str) -> None:
        if self._open and text and not len(self._open[-1]):  # text behind a child is nobody's value
            self._texts.append(text)

    def _end_text(self) -> None:
        if self._texts and self._open:
            self._open[-1].text = (self._open[-1].text or "") + "".join(self._texts)
        self._texts.clear()


def _local(name: str) -> str:
    return name[name.rfind(":") + 1 :] or name
