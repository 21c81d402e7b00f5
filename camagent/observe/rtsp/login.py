"""Logging in at an RTSP server without giving the secret away or locking it. No I/O; the ledger remembers for
all."""

from __future__ import annotations

from camagent.model.fault import FaultCode
from camagent.model.login_strength import CLEAR, Strength
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
from camagent.wire.redaction import secret_forms
from camagent.wire.refusal import names_lock, refusal_text, says_locked

MAX_RENEWALS = 8  # of a nonce after we were let in: one in each keep-alive of a long watch is already odd


class RtspLogin:
    """The state of one log-in: what was offered, what we answered, whether it was accepted."""

    def __init__(
        self, place: tuple[str, int], credential: Credential | None, ledger: LoginLedger, *, encrypted: bool
    ) -> None:
        """place: host and port."""
        self.offered: tuple[str, ...] = ()
        self.used: str | None = None
        """The scheme that let us in."""
        self._address = place[0]
        self._place = f"rtsp {place[0]}:{place[1]}"
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
        """The Authorization header for the next request; None before a challenge was seen, after a refusal,
        and where it was sent in vain too often: then the server's next challenge ends in the reason."""
        if self._credential is None or self._given_up:
            return None
        is_chosen = self._basic or self._digest is not None
        if is_chosen and self.used is None and self._ledger.why_not(self._address, self._credential):
            return None
        if self._basic:
            return basic_authorization(self._credential)
        if self._digest is None:
            return None
        self._nonce_count += 1
        request = DigestRequest(method, uri, fresh_cnonce(), self._nonce_count)
        return digest_authorization(self._digest, self._credential, request)

    @property
    def secret_forms(self) -> tuple[str, ...]:
        """What must not stand in anything that is kept."""
        return secret_forms(self._credential) if self._credential is not None else ()

    def sent(self) -> None:
        """A header is about to go out; until its answer is read nobody knows what the server makes of it."""
        if self.used is None and self._credential is not None:
            self._ledger.sent(self._address, self._credential)

    def unclear(self) -> None:
        """Silence, or something that says nothing of the log-in, came back."""
        if self.used is None and self._credential is not None:
            self._ledger.unclear(self._address, self._credential)

    def accepted(self) -> None:
        """A request with our answer succeeded."""
        self._renewed = False
        is_first = self.used is None
        digest_scheme = self._digest.scheme if self._digest else None
        self.used = "basic" if self._basic else digest_scheme
        if is_first and self._credential is not None:
            self._ledger.accepted(self._address, self._credential)

    def refused(self, response: Response, *, answered: bool) -> FaultCode | None:
        """Read a 401 (or 403 to our answer), and prepare the next answer.

        Returns: None where the request may be sent again, now with `header`; else why not.
        """
        challenges = parse_challenges(response.all_headers("WWW-Authenticate"))
        self.offered = tuple(dict.fromkeys((*self.offered, *offered_schemes(challenges))))
        text = refusal_text(response.reason, response.body)
        if says_locked(text) or (answered and names_lock(text)) or response.header("Retry-After"):
            self._given_up = True
            self._ledger.locked(self._address, self._credential if answered else None)
            return FaultCode.LOCKED_OUT
        if self._credential is None:
            return FaultCode.AUTH_REQUIRED
        digests = digest_challenges(challenges)
        if answered and not self._is_renewal(digests):
            self._given_up = True
            self._ledger.refused(self._address, self._credential, certain=self.used is None)
            return FaultCode.AUTH_REJECTED
        if self._ledger.is_locked(self._address):
            return FaultCode.LOCKED_OUT
        is_basic = any(challenge.scheme == "basic" for challenge in challenges)
        if (digests or is_basic) and not self._may_answer(digests[0].strength if digests else CLEAR):
            return FaultCode.AUTH_WEAKER
        if digests or (self._may_show and is_basic):
            code = self._ledger.why_not(self._address, self._credential)
            if code is not None:
                return code
        if digests:
            self._digest, self._basic, self._nonce_count = digests[0], False, 0
            return None
        if is_basic:
            self._basic = self._may_show
            return None if self._may_show else FaultCode.AUTH_WOULD_LEAK
        return FaultCode.AUTH_UNSUPPORTED

    def _may_answer(self, offer: Strength) -> bool:
        """False, and no log-in any more, where it asked for a stronger one before."""
        is_enough = self._ledger.may_answer(self._place, offer)
        self._given_up = self._given_up or not is_enough
        return is_enough

    def _is_renewal(self, digests: tuple[DigestChallenge, ...]) -> bool:
        """The password was right, the nonce too old: said by stale=true, or shown by having been let in
        before.

        Axis forgets to say so (ngraziano/SharpRTSP#126). An answer with a fresh nonce that is refused is a
        refusal.
        """
        if self._digest is None or self._renewed or self._renewals >= MAX_RENEWALS:
            return False
        fresh = [d for d in digests if d.nonce != self._digest.nonce]
        renewal = any(d.stale or self.used is not None for d in fresh)
        self._renewals += renewal
        self._renewed = renewal
        if renewal and self._credential is not None:
            self._ledger.returned(self._address, self._credential)
        return renewal
