"""Logging in at an RTSP server without giving the secret away or locking it. No I/O; the ledger remembers for all."""

from __future__ import annotations

import re
from urllib.parse import quote

from camagent.model.fault import FaultCode
from camagent.model.secret import Credential
from camagent.observe.rtsp.messages import Response
from camagent.wire.digest import (
    DigestChallenge,
    DigestRequest,
    basic_authorization,
    digest_authorization,
    digest_challenges,
    fresh_cnonce,
    offered_schemes,
    parse_challenges,
)
from camagent.wire.login_ledger import LoginLedger

MAX_RENEWALS = 8  # of a nonce after we were let in: one in each keep-alive of a long watch is already odd
MIN_CONCEALED_CHARS = 4  # a shorter "secret" stands in every text by chance
MAX_LOCK_TEXT_BYTES = 2048
_LOCK_WORDS = re.compile(r"\b(locked|lock-?out|lockout|too many|attempts?|blocked|banned)\b", re.IGNORECASE)


class Login:
    """The state of one log-in: what was offered, what we answered, whether it was accepted."""

    def __init__(self, address: str, credential: Credential | None, ledger: LoginLedger, *, encrypted: bool) -> None:
        self.offered: tuple[str, ...] = ()
        self.used: str | None = None
        """The scheme that let us in."""
        self._address = address
        self._credential = credential
        self._ledger = ledger
        self._may_show = encrypted or (credential is not None and credential.allow_basic)
        self._digest: DigestChallenge | None = None
        self._basic = False
        self._nonce_count = 0
        self._renewals = 0
        self._renewed = False
        """The answer that is out was made with a nonce that replaced one too old."""
        self._given_up = False

    def header(self, method: str, uri: str) -> str | None:
        """The Authorization header for the next request; None before a challenge was seen, or after a refusal."""
        if self._credential is None or self._given_up:
            return None
        if self._basic:
            return basic_authorization(self._credential)
        if self._digest is None:
            return None
        self._nonce_count += 1
        request = DigestRequest(method, uri, fresh_cnonce(), self._nonce_count)
        return digest_authorization(self._digest, self._credential, request)

    def conceal(self, text: str) -> str:
        """The text without our secret, should a device echo it."""
        secret = self._credential.secret.reveal() if self._credential else ""
        if len(secret) < MIN_CONCEALED_CHARS:
            return text
        return text.replace(secret, "***").replace(quote(secret), "***").replace(quote(secret, safe=""), "***")

    def accepted(self) -> None:
        """A request with our answer succeeded."""
        self._renewed = False
        self.used = "basic" if self._basic else self._digest.scheme if self._digest else None

    def refused(self, response: Response, *, answered: bool) -> FaultCode | None:
        """Read a 401 (or 403 to our answer), and prepare the next answer.

        Returns: None where the request may be sent again, now with `header`; else why not.
        """
        challenges = parse_challenges(response.all_headers("WWW-Authenticate"))
        self.offered = tuple(dict.fromkeys((*self.offered, *offered_schemes(challenges))))
        if _speaks_of_lock(response):
            self._given_up = True
            self._ledger.locked(self._address)
            return FaultCode.LOCKED_OUT
        if self._credential is None:
            return FaultCode.AUTH_REQUIRED
        digests = digest_challenges(challenges)
        if answered and not self._is_renewal(digests):
            self._given_up = True
            self._ledger.refused(self._address, self._credential)
            return FaultCode.AUTH_REJECTED
        if self._ledger.is_locked(self._address):
            return FaultCode.LOCKED_OUT
        if not self._ledger.may_try(self._address, self._credential):
            return FaultCode.AUTH_REJECTED
        if digests:
            self._digest, self._basic, self._nonce_count = digests[0], False, 0
            return None
        if any(challenge.scheme == "basic" for challenge in challenges):
            self._basic = self._may_show
            return None if self._may_show else FaultCode.AUTH_WOULD_LEAK
        return FaultCode.AUTH_UNSUPPORTED

    def _is_renewal(self, digests: tuple[DigestChallenge, ...]) -> bool:
        """The password was right, the nonce too old: said by stale=true, or shown by having been let in before.

        Axis forgets to say so (ngraziano/SharpRTSP#126). An answer with a fresh nonce that is refused is a refusal.
        """
        if self._digest is None or self._renewed or self._renewals >= MAX_RENEWALS:
            return False
        fresh = [d for d in digests if d.nonce != self._digest.nonce]
        renewal = any(d.stale or self.used is not None for d in fresh)
        self._renewals += renewal
        self._renewed = renewal
        return renewal


def _speaks_of_lock(response: Response) -> bool:
    text = response.reason + " " + response.body[:MAX_LOCK_TEXT_BYTES].decode("utf-8", "replace")
    return _LOCK_WORDS.search(text) is not None
