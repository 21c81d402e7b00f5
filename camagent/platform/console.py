"""Standard streams that can carry Vietnamese on every console and pipe."""

from __future__ import annotations

import io
import sys


def speak_utf8() -> None:
    """Have standard output and error speak UTF-8; what a console cannot show becomes a question mark, never a
    crash.

    Windows gives pipes the ANSI code page, and code page 1258 lacks letters of Vietnamese (ẵ, ị).
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")
