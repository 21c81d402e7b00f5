"""Patterns with `*` and `?` from the operator's lists, compared with the name that a device gives itself.
Pure."""

from __future__ import annotations

import re
from fnmatch import translate
from functools import lru_cache

MAX_PATTERNS = 32_768  # different ones of a list are kept: making one takes fifty times as long as trying it


def fits(text: str | None, pattern: str) -> bool:
    """The whole text is as the pattern says, in any case; nothing is like an empty text."""
    return _made(pattern).match((text or "").casefold()) is not None


@lru_cache(maxsize=MAX_PATTERNS)
def _made(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(pattern.casefold()))
