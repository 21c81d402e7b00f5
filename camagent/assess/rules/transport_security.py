"""Rules about how logins and management traffic are protected: Digest, HTTPS, certificates. Pure."""

from __future__ import annotations

from datetime import datetime
from itertools import chain
from typing import Literal

from camagent.assess.judgement import Judgement, Reading, at_least, phrase, unknown
from camagent.assess.rule import About, Rule
from camagent.model.device import (
    USERNAME_TOKEN,
    AnonymousAccess,
    DeviceFacts,
    Login,
    NetworkFacts,
    ServiceCapabilities,
    TlsFacts,
)
from camagent.model.fault import Fault, FaultCode
from camagent.model.finding import Outcome
from camagent.model.scan_result import CameraFacts, SiteFacts
from camagent.model.stream import StreamAccess
from camagent.model.text import Scalar

STRONG_DIGESTS = ("digest-sha-256", "digest-sha-512-256")
Scheme = Literal["basic", "digest", "digest-sha-256"]
TlsVersion = Literal["1.0", "1.1", "1.2", "1.3"]
NO_HTTPS = (FaultCode.REFUSED, FaultCode.UNSUPPORTED)
KEY_NAMES = {"rsa": "RSA", "ec": "EC", "ed25519": "Ed25519", "ed448": "Ed448"}
"""The kinds of keys that the bounds speak of: RSA has its own, the others are elliptic curves."""


def login_scheme(
    login: Login,
    access: StreamAccess | None,
    anonymous: AnonymousAccess | None,
    capabilities: ServiceCapabilities | None,
    *,
    minimum: Scheme,
    recommended: Scheme,
) -> Judgement:
    """Every door that asks for a login offers Digest, not only Basic or WS-UsernameToken.

    Many let WS-UsernameToken in without a challenge that would show their Digest: there the device's own word
    counts.
    """
    onvif = _onvif_schemes(login, anonymous)
    if onvif in (None, (USERNAME_TOKEN,)) and capabilities is not None and capabilities.http_digest:
        onvif = tuple(f"digest-{word.lower()}" for word in capabilities.digest_hashes) or ("digest-md5",)
    rtsp = None if access is None else _rtsp_schemes(access)
    doors = {"ONVIF": onvif or (), "RTSP": rtsp or ()}
    weak = {name: offered for name, offered in doors.items() if offered and not _has(offered, minimum)}
    shown = tuple(sorted({*doors["ONVIF"], *doors["RTSP"]}))
    if weak:
        offered = ", ".join(sorted(set(chain.from_iterable(weak.values()))))
        return Judgement(
            Outcome.FAIL, phrase("login_weak", doors=", ".join(weak), offered=offered), observed=shown
        )
    if onvif is None or rtsp is None or not shown:
        return unknown("login_unseen")
    strong = all(_has(schemes, recommended) for schemes in doors.values() if schemes)
    outcome, name = (Outcome.PASS, "login_strong") if strong else (Outcome.WARN, "login_md5")
    return Judgement(outcome, phrase(name, offered=", ".join(shown)), observed=shown)


def _onvif_schemes(login: Login, anonymous: AnonymousAccess | None) -> tuple[str, ...] | None:
    """What ONVIF offers; None where we were never challenged and so cannot tell."""
    if login.offered:
        return login.offered
    if (
        login.scheme is not None
        and login.scheme.startswith("wsse")
        and anonymous is not None
        and anonymous.asked
    ):
        return (USERNAME_TOKEN,)  # refused without a log-in, and yet no HTTP challenge: it knows nothing else
    if anonymous is not None and anonymous.answered:
        return ()
    return None


def _rtsp_schemes(access: StreamAccess) -> tuple[str, ...] | None:
    """What RTSP offers; empty where it asks for no login, None where it was never challenged."""
    return () if access.anonymous else access.offered or None


def _has(offered: tuple[str, ...], wanted: str) -> bool:
    if wanted == "digest-sha-256":
        return any(scheme in STRONG_DIGESTS for scheme in offered)
    return any(scheme.startswith(wanted) for scheme in offered)


def https(
    device: DeviceFacts,
    network: NetworkFacts | None,
    *,
    minimum_tls: TlsVersion,
    recommended_tls: TlsVersion,
) -> Judgement:
    """Management can go over HTTPS, with a TLS version of our time."""
    tls = device.tls
    if isinstance(tls, TlsFacts):
        version = _version(tls.version)
        if version < _version(minimum_tls):
            outcome, name = Outcome.FAIL, "tls_old"
        elif tls.legacy or version < _version(recommended_tls):
            outcome, name = Outcome.WARN, "tls_legacy" if tls.legacy else "tls_enough"
        else:
            outcome, name = Outcome.PASS, "tls_good"
        return Judgement(
            outcome, phrase(name, version=tls.version, minimum=minimum_tls), observed=tls.version
        )
    listed = None if network is None or network.protocols is None else network.protocols
    offers = None if listed is None else any(p.name.upper() == "HTTPS" and p.enabled for p in listed)
    if (isinstance(tls, Fault) and tls.code in NO_HTTPS) or (tls is None and offers is False):
        if offers:
            return Judgement(
                Outcome.FAIL, phrase("https_dead"), observed=False, remedy=phrase("https_dead_remedy")
            )
        can = listed is not None and any(p.name.upper() == "HTTPS" for p in listed)
        name = "https_off" if can else "https_none"
        return Judgement(Outcome.FAIL, phrase(name), observed=False, remedy=phrase("https_remedy"))
    if isinstance(tls, Fault):
        return unknown(f"fault_{tls.code}", doing=tls.doing)
    return unknown("absent_tls")


def _version(text: str) -> tuple[int, int]:
    """ "TLSv1.2" and "1.2" as numbers that compare; SSL of any kind is older than any TLS."""
    numbers = text.upper().removeprefix("TLSV").split(".")
    if not all(number.isdigit() for number in numbers):
        return (0, 0)
    return (int(numbers[0]), int(numbers[1]) if len(numbers) > 1 else 0)  # `ssl` calls TLS 1.0 "TLSv1"


def certificate(
    tls: TlsFacts,
    camera: CameraFacts,
    site: SiteFacts,
    *,
    minimum_rsa_bits: int,
    recommended_rsa_bits: int,
    minimum_ec_bits: int,
    weak_hashes: tuple[str, ...],
) -> Judgement:
    """The TLS certificate is in its time, its key long enough and its own, its signature of our time."""
    bad = _certificate_fault(tls, site.now, camera.shared_fingerprints, weak_hashes)
    args: dict[str, Scalar] = {
        "bits": tls.key_bits,
        "kind": KEY_NAMES.get(tls.key_kind, tls.key_kind.upper()),
        "since": tls.not_before.date().isoformat(),
        "until": tls.not_after.date().isoformat(),
    }
    bounds = (
        (minimum_ec_bits, minimum_ec_bits)
        if tls.key_kind != "rsa"
        else (minimum_rsa_bits, recommended_rsa_bits)
    )
    strength = at_least(Reading(tls.key_bits), *bounds) if tls.key_kind in KEY_NAMES else Outcome.NOT_ASSESSED
    remedy = None
    if bad is not None or strength is Outcome.FAIL:
        outcome, name, remedy = Outcome.FAIL, bad or "certificate_short_key", phrase("certificate_remedy")
    elif strength is Outcome.NOT_ASSESSED:
        return unknown("certificate_kind", **args)
    elif tls.pinned_fingerprint is not None and tls.pinned_fingerprint != tls.fingerprint_sha256:
        outcome, name = Outcome.WARN, "certificate_changed"
    else:
        outcome, name = strength, "certificate_good" if strength is Outcome.PASS else "certificate_enough"
    return Judgement(
        outcome,
        phrase(name, **args, shared=camera.shared_fingerprints, minimum=bounds[0], recommended=bounds[1]),
        observed=tls.key_bits,
        remedy=remedy,
    )


def _certificate_fault(tls: TlsFacts, now: datetime, shared: int, weak_hashes: tuple[str, ...]) -> str | None:
    if tls.not_after < now:
        return "certificate_expired"
    if tls.not_before > now:
        return "certificate_early"
    if shared:
        return "certificate_shared"
    return "certificate_weak_hash" if tls.signature_hash in weak_hashes else None


RULES = (
    Rule(login_scheme, About.CAMERA, "minimum", "recommended"),
    Rule(https, About.CAMERA, "minimum_tls", "recommended_tls"),
    Rule(certificate, About.CAMERA, "minimum_rsa_bits", "recommended_rsa_bits"),
)
