"""The one redactor: what was said on a wire, without anything that could let somebody in. Pure."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

from camagent.model.secret import Credential
from camagent.model.secret_fields import HIDDEN, PASSWORD_NAMES, Marks, hide_fields, hide_fields_in_text
from camagent.model.uri import MIN_HIDDEN_CHARS, split_userinfo

_QUOTED = re.compile(
    rf"(?<![A-Za-z0-9])(?:{PASSWORD_NAMES})\"?\s{{0,4}}[=:]\s{{0,4}}([\"'])(?P<value>(?:\\.|(?!\1).)*)\1",
    re.I,
)
_JSON_NUMBER = re.compile(rf"(\"(?:{PASSWORD_NAMES})\"\s{{0,4}}:\s{{0,4}})[\d.]+", re.I)
_HEADERS = re.compile(
    r"^((?:proxy-)?(?:authorization|authentication-info)|cookie|set-cookie|api-?key"
    r"|x-[\w-]{0,32}(?:auth|token|key|pass)[\w-]{0,16})"
    r"[ \t]*:[ \t]*(?:(\w+)(?=[ \t]))?[^\r\n]*(?:\r?\n[ \t]+[^\r\n]+)*",
    re.I | re.M,
)
_OPENING = r"(<(?:[\w.-]+:)?(?:{names})\b[^<>]*(?<!/)>)"
_CONTENT = r"(?:<!\[CDATA\[.*?\]\]>|[^<])*"
_ELEMENTS = re.compile(_OPENING.format(names=rf"(?:{PASSWORD_NAMES}|nonce)") + _CONTENT, re.I | re.S)
_USERNAMES = re.compile(_OPENING.format(names="username") + f"({_CONTENT})", re.I | re.S)
_URIS = re.compile(r"\b[a-z][a-z0-9+.-]{1,15}://[^\s\"'<>]+", re.I)
_ENTITIES = (("&quot;", '"'), ("&apos;", "'"), ("&gt;", ">"), ("&lt;", "<"), ("&amp;", "&"))
"""In the order in which they are read; they are written in the reverse one."""


def redact(text: str, marks: Marks | None = None) -> str:
    """Remove everything that could let somebody in; doing it twice changes nothing.

    `marks` keeps the secrets of one conversation apart; without it only those of this text are told apart.
    """
    marks = marks or Marks()
    text = _HEADERS.sub(lambda m: f"{m[1]}: {m[2] or ''} {HIDDEN}", text)
    text = _ELEMENTS.sub(rf"\1{HIDDEN}", text)
    text = _USERNAMES.sub(lambda m: m[1] + marks.user(m[2]), text)
    text = _QUOTED.sub(lambda m: m[0][: m.start("value") - m.start()] + HIDDEN + m[1], text)
    text = _JSON_NUMBER.sub(rf'\1"{HIDDEN}"', text)
    return "".join(_redact_around_uris(text, marks))


def _redact_around_uris(text: str, marks: Marks) -> Iterator[str]:
    at = 0
    for uri in _URIS.finditer(text):
        yield hide_fields_in_text(text[at : uri.start()], marks)
        yield _redact_uri(uri[0], marks)
        at = uri.end()
    yield hide_fields_in_text(text[at:], marks)


def secret_forms(credential: Credential) -> tuple[str, ...]:
    """The password in every form that it takes on the wire, the longest first; none where it is too short to
    hide."""
    secret = credential.secret.reveal()
    if len(secret) < MIN_HIDDEN_CHARS:
        return ()
    basic = base64.b64encode(f"{credential.user}:{secret}".encode()).decode()
    escaped = (html.escape(secret, quote=False), html.escape(secret), json.dumps(secret)[1:-1])
    forms = {secret, *escaped, quote(secret), quote(secret, safe=""), quote_plus(secret), basic}
    return tuple(sorted(forms, key=len, reverse=True))


def without(forms: Iterable[str], text: str) -> str:
    """The text with none of these secrets in it."""
    for form in forms:
        text = text.replace(form, HIDDEN)
    return text


def redact_address(address: str, marks: Marks) -> str:
    """One address that stands alone: values in it may hold quotes and blanks."""
    scheme, separator, rest = address.partition("://")
    userinfo, rest = split_userinfo(rest) if separator else (None, rest)
    return f"{scheme}{separator}{f'{HIDDEN}@' if userinfo is not None else ''}{hide_fields(rest, marks)}"


def _redact_uri(text: str, marks: Marks) -> str:
    written = text
    for entity, sign in _ENTITIES:
        written = written.replace(entity, sign)
    shown = redact_address(written, marks)
    if written == text:
        return shown
    for entity, sign in reversed(_ENTITIES):
        shown = shown.replace(sign, entity)
    return shown
