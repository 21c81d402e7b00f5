"""What strangers can make us write to the log: each kind at most once a minute."""

from __future__ import annotations

import time
from collections.abc import Callable

EVERY_S = 60.0


class LogPace:
    """Says whether a line of that kind may be written now; kinds are a few words of ours, never a peer's
    text."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._latest_s: dict[str, float] = {}

    def allows(self, kind: str) -> bool:
        """True once a minute for each kind."""
        now_s = self._now_s()
        if now_s - self._latest_s.get(kind, -EVERY_S) < EVERY_S:
            return False
        self._latest_s[kind] = now_s
        return True
