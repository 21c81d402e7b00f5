"""A camera's Hello, Bye or silence brings its next check forward, at most once per 10 min and device. Pure.

An announcement is a reason to look, never a fact: anybody on the segment can send one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Set

from camagent.agent.schedule import SITE, WorkKind
from camagent.discover.hello import HelloListener, Presence
from camagent.discover.wsdiscovery import Kind

# one early visit a device (or one early search) in ten minutes, however often it announces itself
EARLY_EVERY_S = 600.0


class EarlyWork:
    """Remembers what was brought forward when; holds at most two entries a known device, and one."""

    def __init__(self) -> None:
        self._early_s: dict[tuple[WorkKind, str], float] = {}

    def work_for(self, presence: Presence, hosts: Set[str], now_s: float) -> tuple[WorkKind, str] | None:
        """What to bring forward; None where it was done lately, or a stranger says goodbye.

        A Hello from a stranger brings a search forward, which goes only where the operator sent it.
        """
        host = presence.host if presence.host in hosts else SITE
        if presence.kind is Kind.HELLO:
            asked = (WorkKind.INTERROGATE, host) if host != SITE else (WorkKind.DISCOVER, SITE)
        elif host != SITE:
            asked = (WorkKind.REACH, host)
        else:
            return None
        return self._early(asked, now_s)

    def work_for_silence(self, now_s: float) -> tuple[WorkKind, str] | None:
        """A camera stopped answering: it may have moved to another address, and only a search would tell."""
        return self._early((WorkKind.DISCOVER, SITE), now_s)

    def _early(self, asked: tuple[WorkKind, str], now_s: float) -> tuple[WorkKind, str] | None:
        if now_s - self._early_s.get(asked, -EARLY_EVERY_S) < EARLY_EVERY_S:
            return None
        self._early_s = {key: at_s for key, at_s in self._early_s.items() if now_s - at_s < EARLY_EVERY_S}
        self._early_s[asked] = now_s
        return asked


async def announcements(listener: HelloListener) -> AsyncIterator[Presence]:
    """Everything that the listener hears, one by one; the listener is closed at the end."""
    try:
        while True:
            yield await listener.heard()
    finally:
        listener.close()
