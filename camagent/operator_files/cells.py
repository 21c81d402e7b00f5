"""One cell of an inventory at a time: text as people and Excel write it into a value, or why not.

Pure. Knows nothing of files.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from camagent.model.text import Message, message
from camagent.model.uri import StreamUri, parse_stream_uri, shown_as_typed

MAX_CELL_CHARS = 500  # a name and a place fit; more is a pasted document
MAX_SCENE_WIDTH_M = 1000.0  # wider than any school yard
_TRUE = frozenset({"có", "co", "yes", "y", "true", "x", "1", "đúng", "✓"})
_FALSE = frozenset({"không", "khong", "no", "n", "false", "0", "sai", "-"})
_SCIENTIFIC = re.compile(r"^\d([.,]\d+)?E\+\d+$", re.IGNORECASE)
_MAC = re.compile(r"([0-9a-f]{2})[:\-. ]?" * 5 + r"([0-9a-f]{2})$")
_CISCO_MAC = re.compile(r"([0-9a-f]{4})\.([0-9a-f]{4})\.([0-9a-f]{4})$")
_HOST_NAME = re.compile(r"^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9-]{1,63})*$")


class CellError(ValueError):
    """A cell that cannot be used; `reason` is a catalogue key in `discover.inventory`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Address:
    """Where the inventory says a camera is."""

    host: str
    port: int | None = None
    stream_uri: str | None = None


def parse_text(value: object) -> str:
    """Any text of bearable length."""
    text = " ".join(str(value).split())
    if len(text) > MAX_CELL_CHARS:
        raise CellError("too_long")
    return text


def parse_serial(value: object) -> str:
    """A serial number; refused where Excel has turned it into 1.2E+11 and lost its digits."""
    text = parse_text(value)
    if _SCIENTIFIC.match(text):
        raise CellError("mangled_number")
    return text


def parse_mac(value: object) -> str:
    """A MAC address in any spelling, as lower case with colons."""
    text = parse_serial(value).lower()
    match = _MAC.fullmatch(text)
    if match:
        return ":".join(match.groups())
    cisco = _CISCO_MAC.fullmatch(text)
    if not cisco:
        raise CellError("bad_mac")
    digits = "".join(cisco.groups())
    return ":".join(digits[i : i + 2] for i in range(0, 12, 2))


def parse_number(value: object) -> float:
    """Metres, with a decimal point or comma."""
    if isinstance(value, bool):
        raise CellError("bad_number")
    try:
        number = (
            float(value) if isinstance(value, (int, float)) else float(str(value).strip().replace(",", "."))
        )
    except ValueError:
        raise CellError("bad_number") from None
    if not 0 < number <= MAX_SCENE_WIDTH_M:
        raise CellError("bad_number")
    return number


def parse_yes_no(value: object) -> bool:
    """có/không, yes/no, x/-, 1/0."""
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise CellError("bad_yes_no")


def parse_address(value: object) -> Address:
    """host, host:port, or an rtsp:// URL without a password in it."""
    text = parse_text(value)
    if "://" in text:
        return _stream_address(text)
    host, port = _host_port(text)
    if host is None:
        raise CellError("bad_address")
    return Address(host, port)


def parse_date(value: object) -> date:
    """A day, as TOML writes it or as people do (31/12/2026)."""
    if isinstance(value, date):
        return date(value.year, value.month, value.day)
    text = str(value).strip()
    match = re.fullmatch(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})", text)
    try:
        return date(int(match[3]), int(match[2]), int(match[1])) if match else date.fromisoformat(text)
    except ValueError:
        raise CellError("bad_date") from None


def _stream_address(text: str) -> Address:
    parsed = parse_stream_uri(text)
    if parsed is None or parsed[0].scheme not in ("rtsp", "rtsps"):
        raise CellError("bad_address")
    uri, credential = parsed
    if credential is not None:
        raise CellError("password_in_address")
    return Address(uri.host, stream_uri=str(StreamUri(uri.scheme, uri.host, uri.port, uri.path)))


def _host_port(text: str) -> tuple[str | None, int | None]:
    try:
        return str(ipaddress.ip_address(text.strip("[]"))), None
    except ValueError:
        host, colon, digits = text.rpartition(":")
    if not colon:
        host, digits = text, ""
    elif not (digits.isascii() and digits.isdigit() and 0 < int(digits[:6]) < 65536):
        return None, None
    port = int(digits) if digits else None
    try:
        return str(ipaddress.ip_address(host.strip("[]"))), port
    except ValueError:
        looks_numeric = bool(re.fullmatch(r"[0-9.,]+", host))  # 192.168.1.300 or 192,168,1,3: no name, a slip
        return (host, port) if _HOST_NAME.fullmatch(host) and not looks_numeric else (None, None)


CELLS: Mapping[str, Callable[[object], Any]] = {
    "name": parse_text,
    "place": parse_text,
    "address": parse_address,
    "serial": parse_serial,
    "mac": parse_mac,
    "model": parse_text,
    "task": parse_text,
    "scene_width_m": parse_number,
    "shared": parse_yes_no,
    "outdoor": parse_yes_no,
    "channel": parse_text,
    "excluded_until": parse_date,
    "excluded_because": parse_text,
}
"""Every column of an inventory and how its cells are read."""


def cell_problem(error: CellError, place: str, key: str, value: object) -> Message:
    """The sentence for one bad cell; a value that may hold a password is not repeated."""
    shown = "…" if error.reason == "password_in_address" else shown_as_typed(str(value))[:60]
    return message(f"discover.inventory.{error.reason}", place=place, column=key, value=shown)
