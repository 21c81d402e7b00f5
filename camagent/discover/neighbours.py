"""Who on our own segment answers ARP while we ask: the kernel's table, watched, because it forgets.

It holds about a thousand neighbours; in a sweep of two thousand, the dead ones are dropped before the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from camagent.platform.adapters import read_neighbours

LOOK_EVERY_S = 0.5  # the kernel keeps an unanswered address for at least three seconds
# an address that was asked this long ago had two ARP requests; the slowest radios wake up in less
PATIENCE_S = 1.0


class Neighbourhood:
    """What ARP has shown of the addresses that we asked, in one search."""

    def __init__(self, read: Callable[[], Mapping[str, bool]] = read_neighbours) -> None:
        self._read = read
        self._asked_at_s: dict[str, float] = {}
        self._alive: set[str] = set()
        self._silent: set[str] = set()
        self._looked_at_s = float("-inf")

    def asked(self, host: str, now_s: float) -> None:
        """A packet for that address was given to the kernel."""
        self._asked_at_s.setdefault(host, now_s)
        self.look(now_s)

    def look(self, now_s: float) -> None:
        """Read the table, if the last look is long enough ago."""
        if now_s - self._looked_at_s < LOOK_EVERY_S:
            return
        self._looked_at_s = now_s
        for host, complete in self._read().items():
            if complete:
                self._alive.add(host)
            elif now_s - self._asked_at_s.get(host, now_s) >= PATIENCE_S:
                self._silent.add(host)

    def present(self, hosts: Iterable[str]) -> list[str]:
        """Those of the addresses that answered ARP: somebody is there, whatever else he says."""
        return [host for host in hosts if host in self._alive]

    def is_dead(self, host: str) -> bool:
        """True only for an address of our own segment that was asked in vain and never answered ARP.

        An address that is not in the table may be behind a router: nobody knows, so it is not dead.
        """
        return host in self._silent and host not in self._alive
