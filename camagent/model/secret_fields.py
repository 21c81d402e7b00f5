"""The one list of fields that carry a secret, and how an address is shown without their values. Pure.

Two secrets that differ stay different: within one conversation the first value of a field becomes `***`, the
next `***2`. So two channels whose addresses differ in nothing but a token are still two channels.
"""

from __future__ import annotations

import re
from functools import cache

HIDDEN = "***"

# Names as firmware and people write them; the separators of the fields stand around them, never inside.
_OF = (
    r"(?:user|usr|login|rtsp|onvif|cam(?:era)?|admin|web|http|stream|dev(?:ice)?|auth|view(?:er)?|old|new|my)"
)
PASSWORD_NAMES = (
    r"[a-z0-9]{0,16}pass[_-]?(?:word|wd|wrd|wort|code|phrase)|[a-z0-9]{0,16}(?:pwd|pswd|secret)"
    rf"|(?:{_OF}[_-]?)?(?:pass?|psw|pw)|psk|mat_?khau"
)
_USERS = (
    rf"(?:{_OF}[_-]?)?(?:user|usr)(?:[_-]?(?:name|id))?|login(?:[_-]?(?:use|user|name|id))?|account"
    r"|tai_?khoan"
)
_KEYS = (
    r"[a-z0-9]{0,16}token|(?:(?:api|auth|access|secret|stream|session|private|security|user|app|my)[_-]?)?key"
    r"|auth(?:basic|digest|code|info|hash|ori[sz]ation|entication)?|basic[_-]?auth|credentials?|sign(?:ature)?"
    r"|sess(?:ion)?(?:[_-]?id)?|sid|ticket"
)
# after "&", ";", "?" or "/" in that form
_AFTER_ESCAPED = r"(?:(?<![A-Za-z0-9])|(?<=%26)|(?<=%3[BbFf])|(?<=%2[Ff]))"
_LIST_INDEX = r"(?:\[\w{0,16}\]|%5b\w{0,16}%5d)?"  # password[]=, login[password]=
_NAME = (
    rf"{_AFTER_ESCAPED}(?P<name>{PASSWORD_NAMES}|{_USERS}|{_KEYS})"
    rf"(?P<is>{_LIST_INDEX}(?:=|%3d))"
)
_NEXT_FIELD = r"[;_,#][a-z][a-z0-9.-]{0,32}="
# what a value is, and what comes behind it
_CHAINED = r"[^=&]+?", _NEXT_FIELD  # user=a_password=b_channel=1
_IN_QUERY = ".+?", rf"&|%26|{_NEXT_FIELD}|$"
_IN_PATH = ".+?", rf"[&/?]|%26|{_NEXT_FIELD}|$"
_IN_TEXT = r"[^&\s\"'<>;,]+?", rf"[&\s\"'<>;,]|%26|{_NEXT_FIELD}|$"
_SHORT_PAIR = re.compile(r"(?<![A-Za-z0-9])(?P<name>[up])(?P<is>=)(?P<value>[^&;]+)", re.I)
ACCOUNT_NAMES = r"admin|root|user|guest|operator|viewer|supervisor|service"  # that makers give
_ACCOUNTS = rf"(?:{ACCOUNT_NAMES}|\d{{6}})"
_ACCOUNT_AND_NEXT = re.compile(  # /admin/password/ch1: an account, and two segments more
    rf"(?P<before>(?:^|(?<=/))(?:{ACCOUNT_NAMES})/)(?P<value>[^/?&]{{1,64}})(?=/[^/])", re.I
)
_COLON = r"(?::|%3a)"
_LOGIN_SEGMENT = re.compile(  # /0/admin:password/main, /admin:password, /anybody:password@camera
    rf"(?:(?<=/)|(?<=%2f))(?:{_ACCOUNTS}{_COLON}[^/?&]{{1,64}}"
    rf"|[^/?&:@%]{{1,64}}{_COLON}[^/?&@]{{1,64}}(?:@|%40)[^/?&]{{0,64}})(?=/|$)",
    re.I,
)
_LOGIN_VALUE = re.compile(rf"(?<==){_ACCOUNTS}{_COLON}[^&]{{1,64}}", re.I)  # ?basic=admin:password


class Marks:
    """What stands for each secret of one conversation; never written anywhere, forgotten with it."""

    def __init__(self) -> None:
        self._marks: dict[tuple[str, str], str] = {}
        self._counts: dict[str, int] = {}
        self._users: dict[str, str] = {}

    def mark(self, name: str, value: str) -> str:
        """The same for the same value of the same field, another for another; a mark stays what it is."""
        if re.fullmatch(r"\*{3}\d*", value):
            return value
        key = (name.lower(), value)
        if key not in self._marks:
            count = self._counts[key[0]] = self._counts.get(key[0], 0) + 1
            self._marks[key] = HIDDEN if count == 1 else f"{HIDDEN}{count}"
        return self._marks[key]

    def user(self, name: str) -> str:
        """Users stay countable without being named."""
        if re.fullmatch(r"user-\d+", name) or not name.strip():
            return name
        return self._users.setdefault(name, f"user-{len(self._users) + 1}")


def hide_fields(address: str, marks: Marks | None = None) -> str:
    """An address (no userinfo, no other text around it) without the log-ins that vendors put into path and
    query.

    A value ends where the next field begins: passwords with "/", "?", ";", "#" or "_" are hidden whole.
    """
    marks = marks or Marks()
    path, mark, query = _sub(_CHAINED, address, marks).partition("?")
    path = _LOGIN_SEGMENT.sub(lambda m: marks.mark("login", m[0]), _sub(_IN_PATH, path, marks))
    path = _ACCOUNT_AND_NEXT.sub(lambda m: m["before"] + marks.mark("login", m["value"]), path)
    if _SHORT_PAIR.search(query) and {m["name"].lower() for m in _SHORT_PAIR.finditer(query)} == {"u", "p"}:
        query = _SHORT_PAIR.sub(lambda m: f"{m['name']}={marks.mark(m['name'], m['value'])}", query)
    query = _LOGIN_VALUE.sub(lambda m: marks.mark("login", m[0]), _sub(_IN_QUERY, query, marks))
    return path + mark + query


def hide_fields_in_text(text: str, marks: Marks) -> str:
    """The same for `field=value` anywhere in a text; a value ends at a space, a quote, a bracket or a
    comma."""
    return _sub(_IN_TEXT, text, marks)


def _sub(values: tuple[str, str], text: str, marks: Marks) -> str:
    if "=" not in text and "%3d" not in text.lower():
        return text
    fields = _fields(*values)
    return fields.sub(lambda m: f"{m['name']}{m['is']}{marks.mark(m['name'], m['value'])}", text)


@cache
def _fields(value: str, behind: str) -> re.Pattern[str]:
    """Made at the first text that has a field: each takes 2 ms, and the process that decodes needs none."""
    return re.compile(rf"{_NAME}(?P<value>{value})(?={behind})", re.I)
