"""The web-config file of the exporter: exporter-toolkit's format, checked whole and refused whole. No
network.

Every key of that format is known here; what cannot be done faithfully in Python is refused, never ignored.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import ssl
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from camagent.model.operator_error import OperatorError
from camagent.model.text import Message, message, os_reason

MAX_FILE_BYTES = 100_000  # a web-config file is a few hundred bytes, and each takes 0.1 ms to read
# right answers, and as many wrong ones: exporter-toolkit's number, bounded against guessing
MAX_VERIFIED = 100
MAX_PASSWORD_BYTES = 1024  # bcrypt itself reads 72; the rest only costs hashing
MAX_BCRYPT_COST = 14  # 2^14 rounds take more than a second on the machines this runs on

_VERSIONS = {
    "TLS10": ssl.TLSVersion.TLSv1,
    "TLS11": ssl.TLSVersion.TLSv1_1,
    "TLS12": ssl.TLSVersion.TLSv1_2,
    "TLS13": ssl.TLSVersion.TLSv1_3,
}
_CLIENT_AUTH = {
    "NoClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}
_OPENSSL_CIPHERS = {
    "AES_128_GCM_SHA256": "AES128-GCM-SHA256",
    "AES_256_GCM_SHA384": "AES256-GCM-SHA384",
    "CHACHA20_POLY1305_SHA256": "CHACHA20-POLY1305",
}
_CIPHERS = {
    f"TLS_{exchange}_WITH_{cipher}": f"{exchange.replace('_', '-')}-{_OPENSSL_CIPHERS[cipher]}"
    for exchange, cipher in product(("ECDHE_ECDSA", "ECDHE_RSA"), _OPENSSL_CIPHERS)
}
"""TLS 1.2 suites by Go's names; those of TLS 1.3 are always on, in Go as here."""
_CURVES = {"CurveP256": "prime256v1", "CurveP384": "secp384r1", "CurveP521": "secp521r1"}
"""Without X25519, which the ssl module of Debian 12 cannot ask for by name; it is OpenSSL's first choice
anyway."""
_HEADERS = (
    *("Content-Security-Policy", "X-Frame-Options", "X-Content-Type-Options", "X-XSS-Protection"),
    *("Strict-Transport-Security",),
)
_TLS_KEYS = frozenset(
    ("cert_file", "key_file", "client_auth_type", "client_ca_file", "client_allowed_sans", "min_version")
) | {"max_version", "cipher_suites", "prefer_server_cipher_suites", "curve_preferences"}


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """`tls_server_config`, checked; paths are absolute."""

    cert_file: Path
    key_file: Path
    client_ca_file: Path | None
    verify: ssl.VerifyMode
    allowed_sans: tuple[str, ...]
    min_version: ssl.TLSVersion
    max_version: ssl.TLSVersion | None
    ciphers: tuple[str, ...]
    curve: str | None


@dataclass(frozen=True, slots=True)
class WebConfig:
    """How the exporter is reached: TLS, who may log in, extra response headers."""

    tls: TlsSettings | None = None
    users: tuple[tuple[str, bytes], ...] = ()
    """(name, bcrypt hash)."""
    headers: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        names = ", ".join(name for name, _ in self.users)
        return f"WebConfig(tls={self.tls is not None}, users=[{names}])"


def parse_web_config(text: str, path: Path) -> WebConfig:
    """The checked content of the file at `path`; relative paths in it are taken from its own folder.

    Raises: OperatorError with the first problem.
    """
    return _WebConfigReader(path).read(_yaml(path, text))


def _yaml(path: Path, text: str) -> Any:
    """Plain values. Aliases are refused: merged again and again, 17 kB of them take hours."""
    import yaml  # 2 MB that an exporter without such a file never needs; so is bcrypt below

    class Loader(yaml.SafeLoader):
        def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
            if self.check_event(yaml.AliasEvent):
                raise OperatorError(message("web.alias", path=str(path), line=self.line + 1))
            return super().compose_node(parent, index)

    try:
        return yaml.load(text, Loader)  # a SafeLoader: plain values only
    except (yaml.YAMLError, RecursionError) as error:
        # Only where, never the excerpt: it may show a password's hash.
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else None
        key = "web.not_yaml" if line is None else "web.not_yaml_line"
        raise OperatorError(
            message(key, path=str(path), **({} if line is None else {"line": line}))
        ) from None


class _WebConfigReader:
    """Checks one file; knows its name for the error lines."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, table: Any) -> WebConfig:
        top = self._table(table, "(file)", {"tls_server_config", "http_server_config", "basic_auth_users"})
        tls = self._table(top.get("tls_server_config"), "tls_server_config", _TLS_KEYS)
        return WebConfig(
            tls=self._tls(tls) if tls else None,
            users=self._users(top.get("basic_auth_users")),
            headers=self._headers(top.get("http_server_config")),
        )

    def _wrong(self, key: str, what: Message) -> OperatorError:
        return OperatorError(message("web.wrong", path=str(self._path), where=key, what=what))

    def _table(self, value: Any, key: str, keys: frozenset[str] | set[str]) -> Mapping[str, Any]:
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            raise self._wrong(key, message("web.table"))
        for name in value:
            if name not in keys:
                raise self._wrong(
                    f"{key}.{name}" if key != "(file)" else str(name), message("web.no_such_key")
                )
        return value

    def _file(self, tls: Mapping[str, Any], name: str) -> Path | None:
        value = tls.get(name)
        if value in (None, ""):
            return None
        if not isinstance(value, str):
            raise self._wrong(f"tls_server_config.{name}", message("web.path"))
        return self._path.parent / value

    def _choice(self, tls: Mapping[str, Any], name: str, choices: Mapping[str, Any], default: str) -> Any:
        value = tls.get(name) or default
        if value not in choices:
            raise self._wrong(f"tls_server_config.{name}", message("web.one_of", choices=", ".join(choices)))
        return choices[value]

    def _tls(self, tls: Mapping[str, Any]) -> TlsSettings:
        cert_file, key_file = self._file(tls, "cert_file"), self._file(tls, "key_file")
        if cert_file is None or key_file is None:
            raise self._wrong("tls_server_config", message("web.needs_certificate"))
        ca_file = self._file(tls, "client_ca_file")
        verify = self._choice(tls, "client_auth_type", _CLIENT_AUTH, "NoClientCert")
        sans = self._list(tls, "client_allowed_sans")
        if ca_file is None and (verify is not ssl.CERT_NONE or sans):
            raise self._wrong("tls_server_config.client_ca_file", message("web.needs_ca"))
        if ca_file is not None and verify is ssl.CERT_NONE:
            raise self._wrong("tls_server_config.client_auth_type", message("web.must_verify"))
        suites = self._list(tls, "cipher_suites")
        ciphers = [
            _CIPHERS.get(name) for name in suites if not name.startswith(("TLS_AES_", "TLS_CHACHA20_"))
        ]
        if None in ciphers:
            raise self._wrong(
                "tls_server_config.cipher_suites", message("web.some_of", choices=", ".join(_CIPHERS))
            )
        curves = self._list(tls, "curve_preferences")
        if len(curves) > 1 or any(curve not in _CURVES for curve in curves):
            raise self._wrong(
                "tls_server_config.curve_preferences", message("web.one_of", choices=", ".join(_CURVES))
            )
        maximum = tls.get("max_version")
        return TlsSettings(
            cert_file=cert_file,
            key_file=key_file,
            client_ca_file=ca_file,
            verify=verify,
            allowed_sans=sans,
            min_version=self._choice(tls, "min_version", _VERSIONS, "TLS12"),
            max_version=self._choice(tls, "max_version", _VERSIONS, "TLS13") if maximum else None,
            ciphers=tuple(cipher for cipher in ciphers if cipher is not None),
            curve=_CURVES[curves[0]] if curves else None,
        )

    def _list(self, tls: Mapping[str, Any], name: str) -> tuple[str, ...]:
        value = tls.get(name) or []
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self._wrong(f"tls_server_config.{name}", message("web.list"))
        return tuple(value)

    def _users(self, value: Any) -> tuple[tuple[str, bytes], ...]:
        if value is None:
            return ()
        if not isinstance(value, Mapping):
            raise self._wrong("basic_auth_users", message("web.users"))
        for name, digest in value.items():
            if (
                not isinstance(name, str)
                or ":" in name
                or not isinstance(digest, str)
                or not _is_bcrypt(digest)
            ):
                raise self._wrong(f"basic_auth_users.{name}", message("web.hash", limit=MAX_BCRYPT_COST))
        return tuple((name, digest.encode()) for name, digest in value.items())

    def _headers(self, value: Any) -> tuple[tuple[str, str], ...]:
        # http2 is accepted and has no effect: the server speaks HTTP/1.1, to which every client falls back.
        http = self._table(value, "http_server_config", {"http2", "headers"})
        headers = self._table(http.get("headers"), "http_server_config.headers", set(_HEADERS))
        for name, text in headers.items():
            if not isinstance(text, str) or not text.isprintable():
                raise self._wrong(f"http_server_config.headers.{name}", message("web.header"))
        return tuple(headers.items())


def _is_bcrypt(digest: str) -> bool:
    parts = digest.split("$")
    if len(parts) != 4 or parts[0] or parts[1] not in ("2a", "2b", "2y") or len(parts[3]) != 53:
        return False
    return parts[2].isdigit() and 4 <= int(parts[2]) <= MAX_BCRYPT_COST


def server_context(tls: TlsSettings) -> ssl.SSLContext:
    """The TLS side of the server; reads certificate, key and client CA.

    Raises: OperatorError where a file is missing or is not what it should be.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.minimum_version = tls.min_version
        if tls.max_version is not None:
            context.maximum_version = tls.max_version
        if tls.ciphers:
            context.set_ciphers(":".join(tls.ciphers))
        if tls.curve is not None:
            context.set_ecdh_curve(tls.curve)
        context.load_cert_chain(tls.cert_file, tls.key_file, password=_no_passphrase)
        if tls.client_ca_file is not None:
            context.load_verify_locations(tls.client_ca_file)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        files = ", ".join(str(f) for f in (tls.cert_file, tls.key_file, tls.client_ca_file) if f is not None)
        raise OperatorError(message("web.tls", files=files, reason=_reason(error))) from error
    context.verify_mode = tls.verify
    context.options |= ssl.OP_NO_RENEGOTIATION
    return context


class _PassphraseAsked(ValueError):
    """A service has no terminal to ask on."""


def _no_passphrase() -> str:
    raise _PassphraseAsked


def _reason(error: OSError | ValueError) -> Message:
    if isinstance(error, _PassphraseAsked):
        return message("web.passphrase")
    if isinstance(error, ssl.SSLError) or not isinstance(error, OSError):
        # OpenSSL's own words name its routines, and help nobody who wrote the file
        return message("web.no_pair")
    return os_reason(error)


def allowed_san(certificate: Mapping[str, Any] | None, allowed: tuple[str, ...]) -> bool:
    """True if the client's certificate carries one of the allowed names, or none are asked for."""
    if not allowed:
        return True
    names = {str(value) for _, value in (certificate or {}).get("subjectAltName", ())}
    return bool(names & set(allowed))


class PasswordBook:
    """Verifies passwords against bcrypt hashes and remembers the answers, keyed so that no password is
    kept."""

    def __init__(self, users: tuple[tuple[str, bytes], ...]) -> None:
        self._users = dict(users)
        self._key = secrets.token_bytes(32)
        self._pairs: dict[bool, OrderedDict[bytes, None]] = {True: OrderedDict(), False: OrderedDict()}
        """By the answer, so that guesses do not crowd out who is known."""
        cost = max((digest.split(b"$")[2] for digest in self._users.values()), default=b"10")
        self._decoy = b"$2b$" + cost + b"$" + b"." * 22 + b"u" * 31

    def remembered(self, user: str, password: bytes) -> bool | None:
        """The answer if this pair was verified before; None if it must be verified."""
        pair = self._digest(user, password)
        return next((answer for answer, pairs in self._pairs.items() if pair in pairs), None)

    def verify(self, user: str, password: bytes) -> bool:
        """Compare with bcrypt: 75–320 ms of CPU, so never on the event loop. Unknown users cost the same."""
        import bcrypt

        expected = self._users.get(user)
        matches = len(password) <= MAX_PASSWORD_BYTES and bcrypt.checkpw(
            password[:72], expected or self._decoy
        )
        answer = matches and expected is not None
        pairs = self._pairs[answer]
        pairs[self._digest(user, password)] = None
        while len(pairs) > MAX_VERIFIED:
            pairs.popitem(last=False)
        return answer

    def _digest(self, user: str, password: bytes) -> bytes:
        return hmac.new(self._key, user.encode() + b"\0" + password, hashlib.sha256).digest()
