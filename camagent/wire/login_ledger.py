"""Who was let in and who was refused, so that no camera is ever locked out by us. In memory only.

Shared by every stage that logs in. One refusal per device and secret, then nobody tries that pair again; a
device that speaks of a lock, or counts attempts down, is left alone altogether.
"""

from __future__ import annotations

from camagent.model.secret import Credential

MAX_PAIRS = 100_000  # devices × secrets of the largest run; above it the ledger refuses rather than forgets


class LoginLedger:
    """Remembers refusals of this run (or, in the agent, of this day)."""

    def __init__(self) -> None:
        self._refused: set[tuple[str, str, str]] = set()
        self._locked: set[str] = set()

    def may_try(self, address: str, credential: Credential) -> bool:
        """True while this pair was never refused and the device never spoke of a lock."""
        return address not in self._locked and self._key(address, credential) not in self._refused

    def is_locked(self, address: str) -> bool:
        """True once the device spoke of a lock or counted attempts down."""
        return address in self._locked

    def refused(self, address: str, credential: Credential) -> None:
        """The device refused this pair: never again in this run."""
        if len(self._refused) >= MAX_PAIRS:
            self._locked.add(address)
            return
        self._refused.add(self._key(address, credential))

    def locked(self, address: str) -> None:
        """The device is locked, or close to it: nobody logs in there again in this run."""
        self._locked.add(address)

    def new_day(self) -> None:
        """Forget: the agent tries a refused pair once more a day, when locks have long run out."""
        self._refused.clear()
        self._locked.clear()

    @staticmethod
    def _key(address: str, credential: Credential) -> tuple[str, str, str]:
        return (address, credential.user, credential.secret.fingerprint())
