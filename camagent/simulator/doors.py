"""The log-in that a simulated camera asks for, and whether an answer is right. Pure.

Written apart from camagent's own client on purpose: a server that shares the client's sums would
agree with its mistakes.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

HASHES: dict[str, Callable[[bytes], hashlib._Hash]] = {
    "MD5": hashlib.md5,
    "SHA-256": hashlib.sha256,
    "SHA-512-256": lambda data: hashlib.new("sha512_256", data),
}
MAX_NONCES = 64  # a camera remembers few; older ones are answered as stale
_PAIR = re.compile(r'(\w+)\s*=\s*(?:"([^"]*)"|([^\s,]+))')


@dataclass(frozen=True, slots=True)
class SimulatedDoor:
    """Who is let in and how."""

    user: str = ""
    password: str = field(default="", repr=False)
    challenges: tuple[str, ...] = ("digest-md5",)
    """In the order sent: digest-md5, digest-sha-256, digest-sha-512-256, each also with "-qop", and basic."""
    realm: str = "Simulated camera"
    open_to_anyone: bool = False
    lock_after: int | None = None
    """So many wrong answers, then every answer is refused."""


class DoorKeeper:
    """One server's nonces and its count of wrong answers."""

    def __init__(self, door: SimulatedDoor) -> None:
        self.door = door
        self.wrong_answers = 0
        self._nonces: deque[str] = deque(maxlen=MAX_NONCES)

    @property
    def locked(self) -> bool:
        """Too many wrong answers were given."""
        return self.door.lock_after is not None and self.wrong_answers >= self.door.lock_after

    def challenge_lines(self, *, stale: bool = False) -> list[str]:
        """Values of the WWW-Authenticate headers, with a fresh nonce."""
        nonce = secrets.token_hex(16)
        self._nonces.append(nonce)
        return [self._challenge(scheme, nonce, stale) for scheme in self.door.challenges]

    def admits(self, method: str, authorization: str | None) -> bool:
        """The request may pass; a wrong answer is counted, an answer to a forgotten nonce is not."""
        if self.door.open_to_anyone:
            return True
        if not authorization or self.locked:
            return False
        scheme, _, rest = authorization.partition(" ")
        if scheme.lower() != "digest":
            right = self._basic_is_right(scheme, rest)
        elif self.knows_nonce(rest):
            right = self._digest_is_right(method, rest)
        else:
            return False
        self.wrong_answers += not right
        return right

    def knows_nonce(self, authorization: str | None) -> bool:
        """The answer is to a challenge of ours that is not too old."""
        return _pairs(authorization or "").get("nonce", "") in self._nonces

    def _challenge(self, scheme: str, nonce: str, stale: bool) -> str:
        if scheme == "basic":
            return f'Basic realm="{self.door.realm}"'
        algorithm = scheme.removeprefix("digest-").removesuffix("-qop").upper()
        line = f'Digest realm="{self.door.realm}", nonce="{nonce}", algorithm={algorithm}'
        line += ', qop="auth"' if scheme.endswith("-qop") else ""
        return line + (", stale=true" if stale else "")

    def _basic_is_right(self, scheme: str, rest: str) -> bool:
        expected = base64.b64encode(f"{self.door.user}:{self.door.password}".encode()).decode()
        return scheme.lower() == "basic" and "basic" in self.door.challenges and _same(rest.strip(), expected)

    def _digest_is_right(self, method: str, rest: str) -> bool:
        fields = _pairs(rest)
        algorithm = fields.get("algorithm", "MD5").upper()
        offered = {
            scheme.removeprefix("digest-").removesuffix("-qop").upper() for scheme in self.door.challenges
        }
        if algorithm not in HASHES or algorithm not in offered:
            return False
        if fields.get("username") != self.door.user or fields.get("realm") != self.door.realm:
            return False

        def digest(text: str) -> str:
            return HASHES[algorithm](text.encode()).hexdigest()

        secret = digest(f"{self.door.user}:{self.door.realm}:{self.door.password}")
        request = digest(f"{method}:{fields.get('uri', '')}")
        middle = [fields["nonce"]]
        if "qop" in fields:
            middle += [fields.get("nc", ""), fields.get("cnonce", ""), fields["qop"]]
        return _same(fields.get("response", "").lower(), digest(":".join([secret, *middle, request])))


def _pairs(text: str) -> dict[str, str]:
    return {
        match[1].lower(): match[2] if match[2] is not None else match[3] for match in _PAIR.finditer(text)
    }


def _same(answer: str, expected: str) -> bool:
    return hmac.compare_digest(answer.encode(), expected.encode())
