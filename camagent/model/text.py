"""A sentence for a person, before it has a language. Pure."""

from __future__ import annotations

import errno
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Union

Scalar = str | int | float | bool | None
Filling = Union[Scalar, datetime, "Message"]
"""What fills a gap: a value, a moment (shown in the time of Vietnam), or another sentence without language
yet."""


@dataclass(frozen=True, slots=True)
class Message:
    """A catalogue key and what fills its gaps; `camagent.text` turns it into Vietnamese or English."""

    key: str
    """`area.name`, for example `findings.frame_rate_low`."""
    args: tuple[tuple[str, Filling], ...] = ()


def message(key: str, **args: Filling) -> Message:
    """A Message with its arguments in a stable order."""
    return Message(key, tuple(sorted(args.items())))


def os_reason(error: OSError) -> Message:
    """Why the operating system refused, instead of its own English words (which may quote a path)."""
    name = _OS_REASONS.get(error.errno or 0)
    return message(f"os.{name}") if name is not None else message("os.other", number=error.errno)


def toml_reason(error: Exception) -> Message:
    """Where TOML breaks, instead of the parser's own English words (which may quote the file)."""
    where = _TOML_PLACE.search(str(error))
    if where is None:
        return message("os.toml")
    return message("os.toml_at", line=int(where[1]), column=int(where[2]))


_TOML_PLACE = re.compile(r"line (\d+), column (\d+)")
_OS_REASONS = {
    errno.ENOENT: "missing",
    errno.EACCES: "forbidden",
    errno.EPERM: "forbidden",
    errno.EISDIR: "folder",
    errno.ENOTDIR: "not_folder",
    errno.ENOSPC: "full",
    errno.EDQUOT: "full",
    errno.EROFS: "read_only",
    errno.EEXIST: "exists",
    errno.ENAMETOOLONG: "too_long",
    errno.EMFILE: "too_many",
    errno.ENFILE: "too_many",
    errno.EIO: "io",
    errno.ELOOP: "link",
    errno.ENODEV: "device",
    errno.EADDRINUSE: "in_use",
    errno.EADDRNOTAVAIL: "no_address",
    errno.ENETUNREACH: "no_route",
    errno.EHOSTUNREACH: "no_route",
    errno.ENETDOWN: "down",
    errno.ENXIO: "device",
    errno.ENOMEM: "memory",
    errno.ENOBUFS: "memory",
    errno.EBUSY: "busy",
    errno.ETXTBSY: "busy",
    errno.EFBIG: "full",
}


@dataclass(frozen=True, slots=True)
class Localised:
    """The same text in the two languages of our users, as profiles and inventories carry it."""

    vi: str
    en: str
