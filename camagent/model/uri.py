"""Addresses of streams without credentials in them. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import unquote

from camagent.model.secret import Credential, Secret

DEFAULT_PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}
MAX_URI_CHARS = 2048  # longer than any camera's stream URI seen; bounds what a device can make us keep

_SECRET_IN_PATH = re.compile(
    r"(?i)((?:^|[/?&;_])(?:user(?:name)?|usr|pass(?:word|wd)?|pwd|token|auth|key)=).*?(?=[/?&;#]|_[a-z]+=|$)"
)


@dataclass(frozen=True, slots=True)
class StreamUri:
    """One stream's address without userinfo; `shown` is for people, `str` for the request line."""

    scheme: str
    host: str
    """Without the brackets of IPv6."""
    port: int
    path: str
    """Path and query as the device wrote them, beginning with "/" (or empty)."""

    @property
    def netloc(self) -> str:
        """Host and port, as in a Host header; the default port is left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS.get(self.scheme) else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.netloc}{self.path}"

    @property
    def shown(self) -> str:
        """The address fit to be shown: log-ins that vendors put into the path or query are replaced by ***."""
        return _SECRET_IN_PATH.sub(r"\1***", str(self))

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
    userinfo, rest = _split_userinfo(rest)
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


def _split_userinfo(rest: str) -> tuple[str | None, str]:
    end = min((i for i in (rest.find(c) for c in "/?#") if i >= 0), default=len(rest))
    at = rest.rfind("@", 0, end)
    if at >= 0:
        return rest[:at], rest[at + 1 :]
    if _split_host_port(rest[:end], 0) is not None:
        return None, rest  # an "@" further on belongs to the path
    at = rest.find("@", end)
    while at >= 0:  # the password itself holds a "/", "?" or "#": what follows its "@" must look like host[:port]
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


def shown_without_login(text: str) -> str:
    """Whatever an operator typed in place of an address, fit to be shown: no userinfo, no control characters."""
    scheme, sep, rest = text.partition("://")
    userinfo, rest = _split_userinfo(rest if sep else scheme)
    kept = (f"{scheme}://" if sep else "") + ("***@" if userinfo is not None else "") + rest
    return "".join(c if c.isprintable() else "?" for c in kept)[:200]
