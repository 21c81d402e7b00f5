"""Secrets that cannot be printed, and to whom they may be given. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import final

# log-ins a day that nobody clearly accepted or refused: one may be bad luck, a third could be a lock-out
MAX_UNCLEAR = 2


@final
class Secret:
    """A password that never shows itself: str, repr, format and pickling give no letter of it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The password itself, for the one line that puts it on the wire."""
        return self._value

    def fingerprint(self) -> str:
        """Short digest to tell equal secrets apart in "already tried" sets of one run; never stored."""
        return hashlib.sha256(b"camagent:" + self._value.encode()).hexdigest()[:16]

    def __repr__(self) -> str:
        return "Secret(***)"

    def __str__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(("camagent.secret", self._value))

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a Secret is never serialised")


@dataclass(frozen=True, slots=True)
class Credential:
    """A user name and its secret, as bound by the operator to the address in hand."""

    user: str
    secret: Secret
    allow_basic: bool = field(default=False)
    """The operator allowed, by name, that this one goes out as Basic over plain TCP."""
