"""HTTP and RTSP log-in headers: challenges in, Authorization out (RFC 2069, 2617, 7616, 7617).

Pure but for `fresh_cnonce`. Knows nothing of sockets, ledgers or policy: whether a secret may be sent is
decided by the caller, who also strips these headers from everything that is kept.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from camagent.model.login_strength import Strength
from camagent.model.secret import Credential

# all WWW-Authenticate headers of one reply; ten times the longest example of RFC 7616
MAX_CHALLENGE_CHARS = 8192
MAX_CHALLENGES = 16  # schemes × algorithms that one reply may offer; RFC 7616 knows six Digest forms

# Digest names in the order that we prefer. SHA-256 stands before SHA-512-256 because the vector in RFC 7616
# for the latter is wrong (erratum 4897): a server built on it refuses right answers, and both are strong
# enough.
_HASHES = {"SHA-256": "sha256", "SHA-512-256": "sha512_256", "MD5": "md5"}
_QOPS = ("auth-int", "auth", None)  # in the order that we prefer: what covers the body first
_SEPARATORS = frozenset(' \t,="')


@dataclass(frozen=True, slots=True)
class Challenge:
    """One scheme of a WWW-Authenticate header with its parameters as sent (names in lower case)."""

    scheme: str
    """Lower case: "digest", "basic", "bearer" …"""
    parameters: tuple[tuple[str, str], ...] = ()

    def get(self, name: str) -> str | None:
        """The parameter's raw value, without quotes; the first where it stands twice."""
        return next((value for key, value in self.parameters if key == name), None)


@dataclass(frozen=True, slots=True)
class DigestChallenge:
    """A Digest challenge that we can answer."""

    realm: str
    nonce: str
    algorithm: str = "MD5"
    """One of "MD5", "SHA-256" or "SHA-512-256"."""
    session: bool = False
    """The "-sess" form of the algorithm."""
    stated_algorithm: str | None = None
    """The device's own spelling, echoed; None where it named none (RFC 2069)."""
    qop: str | None = None
    """The form that we answer: "auth", "auth-int", or None (RFC 2069)."""
    opaque: str | None = None
    stale: bool = False
    """The log-in was right but the nonce is too old: answering again is no second try."""
    user_hash: bool = False

    @property
    def scheme(self) -> str:
        """The name used in facts: "digest-md5", "digest-sha-256", "digest-sha-512-256"."""
        return f"digest-{self.algorithm.lower()}"

    @property
    def strength(self) -> Strength:
        """Of the form in which it is answered."""
        return Strength(1 if self.algorithm == "MD5" else 2, (None, "auth", "auth-int").index(self.qop))


@dataclass(frozen=True, slots=True)
class DigestRequest:
    """What a Digest answer covers."""

    method: str
    uri: str
    """As it stands in the request line."""
    cnonce: str
    nonce_count: int = 1
    """How often this nonce was used, counting this request."""
    body: bytes = b""
    """Only read for qop=auth-int."""


def fresh_cnonce() -> str:
    """A client nonce that was never used before."""
    return secrets.token_hex(8)


def parse_challenges(headers: Iterable[str]) -> tuple[Challenge, ...]:
    """Every challenge of one or several WWW-Authenticate headers, in order; what cannot be read is left
    out."""
    challenges: list[Challenge] = []
    budget = MAX_CHALLENGE_CHARS
    for header in headers:
        if len(header) > budget or not header.isprintable():
            continue  # a control character would end up in the header that we send
        budget -= len(header)
        _parse_header(header, challenges)
    return tuple(challenges[:MAX_CHALLENGES])


def digest_challenges(challenges: Iterable[Challenge]) -> tuple[DigestChallenge, ...]:
    """Those Digest challenges that we can answer, the strongest first."""
    readable = [d for c in challenges if (d := _read_digest(c)) is not None]
    order = list(_HASHES)
    return tuple(sorted(readable, key=lambda d: (order.index(d.algorithm), _QOPS.index(d.qop))))


def offered_schemes(challenges: Iterable[Challenge]) -> tuple[str, ...]:
    """Names for the facts: "digest-md5", "basic" …, also of schemes that we do not speak; each once, in
    order."""
    names: dict[str, None] = {}
    for challenge in challenges:
        names.setdefault(_scheme_name(challenge))
    return tuple(names)


def _scheme_name(challenge: Challenge) -> str:
    digest = _read_digest(challenge)
    if digest:
        return digest.scheme
    stated = challenge.get("algorithm") if challenge.scheme == "digest" else None
    return f"{challenge.scheme}-{stated.lower()[:32]}" if stated else challenge.scheme


def digest_authorization(challenge: DigestChallenge, credential: Credential, request: DigestRequest) -> str:
    """The value of the Authorization header that answers this challenge."""
    user = credential.user
    if challenge.user_hash:
        user = _hash(challenge.algorithm, f"{user}:{challenge.realm}".encode())
    parts = [
        f'username="{_quoted(user)}"',
        f'realm="{challenge.realm}"',
        f'nonce="{challenge.nonce}"',
        f'uri="{request.uri}"',
        f'response="{digest_response(challenge, credential, request)}"',
    ]
    if challenge.stated_algorithm is not None:
        parts.append(f"algorithm={challenge.stated_algorithm}")
    if challenge.qop is not None:
        parts += [f"qop={challenge.qop}", f"nc={request.nonce_count:08x}"]
    if challenge.qop is not None or challenge.session:
        parts.append(f'cnonce="{request.cnonce}"')
    if challenge.opaque is not None:
        parts.append(f'opaque="{challenge.opaque}"')
    if challenge.user_hash:
        parts.append("userhash=true")
    return "Digest " + ", ".join(parts)


def digest_response(challenge: DigestChallenge, credential: Credential, request: DigestRequest) -> str:
    """The response value alone.

    Source: RFC 7616 §3.4.1; without qop RFC 2069 §2.1.2. User and password are hashed as UTF-8.
    """
    name = challenge.algorithm
    a1 = _hash(name, f"{credential.user}:{challenge.realm}:{credential.secret.reveal()}".encode())
    if challenge.session:
        a1 = _hash(name, f"{a1}:{challenge.nonce}:{request.cnonce}".encode())
    a2 = f"{request.method}:{request.uri}"
    if challenge.qop == "auth-int":
        a2 += f":{_hash(name, request.body)}"
    middle = challenge.nonce
    if challenge.qop is not None:
        middle += f":{request.nonce_count:08x}:{request.cnonce}:{challenge.qop}"
    return _hash(name, f"{a1}:{middle}:{_hash(name, a2.encode())}".encode())


def basic_authorization(credential: Credential) -> str:
    """The value of a Basic Authorization header: the password in clear, for callers that may send it."""
    return "Basic " + base64.b64encode(f"{credential.user}:{credential.secret.reveal()}".encode()).decode()


def _hash(algorithm: str, content: bytes) -> str:
    return hashlib.new(_HASHES[algorithm], content, usedforsecurity=False).hexdigest()


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _read_digest(challenge: Challenge) -> DigestChallenge | None:
    if challenge.scheme != "digest":
        return None
    realm, nonce, stated = challenge.get("realm"), challenge.get("nonce"), challenge.get("algorithm")
    rule = _known_algorithm(stated)
    qop = _choose_qop(challenge.get("qop"))
    if nonce is None or rule is None or qop == "":
        return None
    return DigestChallenge(
        realm=realm or "",
        nonce=nonce,
        algorithm=rule[0],
        session=rule[1],
        stated_algorithm=stated,
        qop=qop,
        opaque=challenge.get("opaque"),
        stale=(challenge.get("stale") or "").lower() == "true",
        user_hash=(challenge.get("userhash") or "").lower() == "true",
    )


def _known_algorithm(stated: str | None) -> tuple[str, bool] | None:
    if not stated:
        return "MD5", False
    name, session = stated.upper(), False
    if name.endswith("-SESS"):
        name, session = name[:-5], True
    name = {"SHA256": "SHA-256", "SHA512-256": "SHA-512-256", "SHA-512/256": "SHA-512-256"}.get(name, name)
    return (name, session) if name in _HASHES else None


def _choose_qop(stated: str | None) -> str | None:
    """Returns: None for RFC 2069 (nothing stated), "" where nothing stated is known to us."""
    if stated is None or not stated.strip():
        return None
    options = [word.strip().lower() for word in stated.split(",")]
    return next((option for option in _QOPS if option in options), "")


def _parse_header(header: str, challenges: list[Challenge]) -> None:
    """A word followed by "=" is a parameter of the scheme before it; any other word begins a scheme."""
    scheme: str | None = None
    parameters: list[tuple[str, str]] = []
    for word, value in _words(header):
        if value is not None:
            parameters.append((word.lower(), value))
            continue
        if scheme is not None:
            challenges.append(Challenge(scheme, tuple(parameters)))
        scheme, parameters = word.lower(), []
    if scheme is not None:
        challenges.append(Challenge(scheme, tuple(parameters)))


def _words(header: str) -> Iterator[tuple[str, str | None]]:
    at, end = 0, len(header)
    while at < end:
        if header[at] in _SEPARATORS:
            at += 1
            continue
        start = at
        while at < end and header[at] not in _SEPARATORS:
            at += 1
        word = header[start:at]
        after = _skip_blanks(header, at)
        if after < end and header[after] == "=":
            value, at = _value(header, _skip_blanks(header, after + 1))
            yield word, value
        else:
            yield word, None


def _value(header: str, at: int) -> tuple[str, int]:
    end = len(header)
    if at < end and header[at] == '"':
        close = at + 1
        while close < end and header[close] != '"':
            close += 2 if header[close] == "\\" else 1
        return header[at + 1 : min(close, end)].rstrip("\\") if close >= end else header[
            at + 1 : close
        ], close + 1
    start = at
    while at < end and header[at] not in " \t,":
        at += 1
    return header[start:at].replace('"', ""), at


def _skip_blanks(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t":
        at += 1
    return at
