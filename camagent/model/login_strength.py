"""How much a log-in scheme reveals, so that a device that asked for a strong one is not given a weaker one
later.

An attacker between us and a camera can remove the strong schemes from its offer. Pure.
"""

from __future__ import annotations

from typing import NamedTuple


class Strength(NamedTuple):
    """Of one scheme in one form; compared part by part, because a better hash is no better cover."""

    hashing: int
    """0: the password in clear; 1: MD5, or the SHA-1 of a WS-UsernameToken; 2: SHA-256."""
    cover: int
    """What the answer is bound to. 0: to no request, or as in RFC 2069; 1: qop=auth; 2: qop=auth-int, which
    covers the body."""

    def is_below(self, other: Strength) -> bool:
        """Weaker in one part at least."""
        return self.hashing < other.hashing or self.cover < other.cover

    def joined(self, other: Strength) -> Strength:
        """The stronger of both in each part."""
        return Strength(max(self.hashing, other.hashing), max(self.cover, other.cover))


CLEAR = Strength(0, 0)
TOKEN = Strength(1, 0)
"""WS-UsernameToken: who receives it may use it elsewhere, for any operation, while its time is believed."""
