"""Addresses of streams without credentials in them. Pure."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field, replace
from urllib.parse import quote, unquote

from camagent.model.printable import printable
from camagent.model.secret import Credential, Secret
from camagent.model.secret_fields import ACCOUNT_NAMES, HIDDEN, hide_fields

DEFAULT_PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}
MIN_HIDDEN_CHARS = 4  # a shorter secret is part of ordinary words: hiding "12" would shred every number
MAX_URI_CHARS = 2048  # longer than any camera's stream URI seen; bounds what a device can make us keep

# Also escaped, and as keyboards of East Asia write them.
_AT = re.compile(r"@|%40|\uff20|\ufe6b", re.I)
_COLON = re.compile(r":|%3a|\uff1a|\ufe55", re.I)
_SCHEME_TYPED = re.compile(r"^\W*(?:(?:rtsps?|https?|onvif)\b\W{0,4}|[a-z][a-z0-9+.-]{1,9}://)", re.I)
_ACCOUNT_TYPED = re.compile(rf"^\W*(?:{ACCOUNT_NAMES})\s*(?:{_COLON.pattern})", re.I)
_HOST_TYPED = re.compile(r"\[|localhost\b|[\w-]+\.[\w.-]+", re.I)
_WORD = re.compile(r"[^\s\"'()]+")
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_PLAIN_NUMBERS = re.compile(r"[0-9A-Fa-f:./%-]*")
_PORT_TYPED = re.compile(r"\d{1,5}(?=[/?#]|$)")


@dataclass(frozen=True, slots=True)
class StreamUri:
    """One stream's address without userinfo; `shown` is for people, `str` for the request line."""

    scheme: str
    host: str
    """Without the brackets of IPv6."""
    port: int
    path: str
    """Path and query as the device wrote them, beginning with "/" (or empty)."""
    secret: Secret | None = field(default=None, compare=False, repr=False)
    """The password of its device, as far as one is known: should it stand in the path, it is not shown."""

    @property
    def netloc(self) -> str:
        """Host and port, as in a Host header; the default port is left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS.get(self.scheme) else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.netloc}{self.path}"

    @property
    def shown(self) -> str:
        """The address fit to be shown: log-ins that vendors put into the path or query are replaced by
        ***, and so is the device's own password anywhere in it."""
        path = self.path
        password = self.secret.reveal() if self.secret is not None else ""
        if len(password) >= MIN_HIDDEN_CHARS:
            for form in (password, quote(password, safe=""), quote(password)):
                path = path.replace(form, HIDDEN)
        return f"{self.scheme}://{self.netloc}{hide_fields(path)}"

    def hiding(self, login: Credential | None) -> StreamUri:
        """The same address, which does not show the password of this log-in."""
        return self if login is None else replace(self, secret=login.secret)

    def pinned(self, host: str) -> StreamUri:
        """The same port and path at the address that we reached, whatever host the device named."""
        return replace(self, host=host)


def parse_stream_uri(text: str) -> tuple[StreamUri, Credential | None] | None:
    """Split a URI as people type it and devices send it; a userinfo becomes a Credential.

    Passwords with "@", ":", "#" or "/" that people forget to escape survive where the text leaves no doubt
    (opencv-python#848, mediamtx#2069). Percent escapes are decoded in the userinfo.
    Returns: None if it is not a URI of a scheme that we know, or too long.
    """
    text = text.strip()
    scheme, sep, rest = text.partition("://")
    scheme = scheme.lower()
    if not sep or scheme not in DEFAULT_PORTS or len(text) > MAX_URI_CHARS or not text.isprintable():
        return None
    userinfo, rest = split_userinfo(rest)
    end = min((i for i in (rest.find(c) for c in "/?#") if i >= 0), default=len(rest))
    authority, path = rest[:end], rest[end:]
    host_port = _split_host_port(authority, DEFAULT_PORTS[scheme])
    if host_port is None or " " in authority:
        return None
    uri = StreamUri(scheme, host_port[0], host_port[1], path if path[:1] in ("", "/") else "/" + path)
    if userinfo is None:
        return uri, None
    user, _, password = userinfo.partition(":")
    return uri, Credential(unquote(user), Secret(unquote(password)))


def web_port(port: int | None, secure: bool) -> int:
    """The port that an address names, else the usual one of HTTPS or HTTP."""
    return port or DEFAULT_PORTS["https" if secure else "http"]


def _is_address(before: str, after: str) -> bool:
    """`admin:12/34@10.0.0.5/live`: a bare word before, an IP address behind the "@": the "/" is the
    password's."""
    host = after[: min((i for i in (after.find(c) for c in "/?#") if i >= 0), default=len(after))]
    parts = _split_host_port(host, 0)
    word = before.partition(":")[0]
    return ":" in before and "." not in word and "[" not in word and parts is not None and _is_ip(parts[0])


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return True


def split_userinfo(rest: str) -> tuple[str | None, str]:
    """What stands behind "://", parted into the log-in (None: there is none) and the rest."""
    end = min((i for i in (rest.find(c) for c in "/?#") if i >= 0), default=len(rest))
    at = rest.rfind("@", 0, end)
    if at >= 0:
        return rest[:at], rest[at + 1 :]
    at = rest.find("@", end)
    if _split_host_port(rest[:end], 0) is not None and not _is_address(
        rest[:end], rest[at + 1 :] if at >= 0 else ""
    ):
        return None, rest  # an "@" further on belongs to the path
    # the password itself holds a "/", "?" or "#": what follows its "@" must look like host[:port]
    while at >= 0:
        after = rest[at + 1 :]
        stop = min((i for i in (after.find(c) for c in "/?#@") if i >= 0), default=len(after))
        if _split_host_port(after[:stop], 0) is not None and after[stop : stop + 1] != "@":
            return rest[:at], after
        at = rest.find("@", at + 1)
    return None, rest


def _split_host_port(authority: str, default_port: int) -> tuple[str, int] | None:
    if authority.startswith("["):
        host, bracket, tail = authority[1:].partition("]")
        if not bracket or ":" not in host:
            return None
    else:
        host, _, tail = authority.partition(":")
        tail = f":{tail}" if tail or authority.endswith(":") else ""
    if not host or any(c in host for c in "@/?#<>\\ "):
        return None
    if tail in ("", ":"):
        return host, default_port
    digits = tail[1:]
    if not (digits.isascii() and digits.isdigit() and 0 < int(digits[:6]) < 65536):
        return None
    return host, int(digits)


def shown_as_typed(text: str) -> str:
    """A name, code, range or path that an operator typed, fit to be shown: whole, unless a log-in may stand
    in it.

    A MAC, an IPv6 range, a name with a colon stay; what holds an "@", or begins like an address or with an
    account ("admin:"), is shown as `shown_without_login` shows it.
    """
    if not (_AT.search(text) or _SCHEME_TYPED.match(text) or _ACCOUNT_TYPED.match(text)):
        return printable(hide_fields(text), "?")[:200]
    return shown_without_login(text)


def shown_range(text: str) -> str:
    """What an operator typed in place of an address or range, fit to be shown: as `shown_without_login`, but
    numbers stay whole."""
    return text[:200] if _PLAIN_NUMBERS.fullmatch(text) else shown_without_login(text)


def without_logins(sentence: str) -> str:
    """A sentence of ours with words in it that somebody typed: each as `shown_as_typed` shows it.

    A folder of Windows ("C:/…@…") stays whole.
    """
    return _WORD.sub(lambda word: word[0] if _DRIVE.match(word[0]) else _shown_word(word[0]), sentence)


def _shown_word(word: str) -> str:
    ats = list(_AT.finditer(word))
    holds_login = bool(ats) and _COLON.search(word, 0, ats[-1].start()) is not None
    account = _ACCOUNT_TYPED.match(word)
    holds_login = holds_login or (account is not None and account.end() < len(word))
    return shown_without_login(word) if holds_login else word


def shown_without_login(text: str) -> str:
    """Whatever an operator typed in place of an address, fit to be shown: nothing that may be a password.

    Hidden are everything before the last "@" but the scheme, and what follows it unless it begins like an
    address (a password may hold an "@"); whatever follows a ":" and is no port; and the fields that hold
    log-ins.
    """
    scheme = _SCHEME_TYPED.match(text)
    head, rest = (scheme[0], text[scheme.end() :]) if scheme else ("", text)
    ats = list(_AT.finditer(rest))
    if ats:
        head, rest = f"{head}{HIDDEN}@", rest[ats[-1].end() :]
        rest = rest if _HOST_TYPED.match(rest) else HIDDEN
    bracket = rest.find("]") if rest.startswith("[") else -1
    colon = None if _is_ip(rest) else _COLON.search(rest, bracket + 1)
    if colon is not None and not _PORT_TYPED.match(rest, colon.end()):
        rest = rest[: colon.end()] + HIDDEN
    return printable(head + hide_fields(rest), "?")[:200]
