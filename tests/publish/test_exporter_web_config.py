"""web-config files: what promtool accepts we accept or refuse with one line, never half-obey."""

from __future__ import annotations

import re
import ssl
from pathlib import Path

import bcrypt
import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from camagent.app.service import load_web_config
from camagent.exporter.web_config import MAX_VERIFIED, PasswordBook, WebConfig, allowed_san, server_context
from camagent.model.operator_error import OperatorError
from camagent.text import render
from tests.monitoring.programs import run
from tests.publish.exporter_peers import make_certificates
from tests.refusal import refused

HASH = bcrypt.hashpw(b"hunter2", bcrypt.gensalt(4)).decode()
WHOLE = f"""
tls_server_config:
  cert_file: server.pem
  key_file: server.key
  client_ca_file: ca.pem
  client_auth_type: RequireAndVerifyClientCert
  min_version: TLS12
  max_version: TLS13
  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_AES_128_GCM_SHA256]
  prefer_server_cipher_suites: true
  curve_preferences: [CurveP256]
http_server_config:
  http2: false
  headers:
    X-Frame-Options: deny
basic_auth_users:
  prometheus: {HASH}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("web")
    make_certificates(made)
    return made


def load(folder: Path, text: str) -> WebConfig:
    path = folder / "web.yml"
    path.write_text(text, encoding="utf-8")
    return load_web_config(path)


def test_promtool_accepts_the_same_file(folder: Path) -> None:
    config = load(folder, WHOLE)
    checked = run(["promtool", "check", "web-config", "web.yml"], cwd=folder)
    assert checked.returncode == 0, checked.stderr
    assert config.tls is not None and config.users and config.headers == (("X-Frame-Options", "deny"),)
    context = server_context(config.tls)
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


def test_the_file_that_we_ship_as_an_example_is_accepted_by_both(folder: Path) -> None:
    example = Path(__file__).resolve().parents[2] / "monitoring" / "school" / "web.yml"
    text = example.read_text(encoding="utf-8").replace("/etc/camagent/tls/", "")
    assert load(folder, text).tls is not None
    assert run(["promtool", "check", "web-config", "web.yml"], cwd=folder).returncode == 0


def test_an_empty_file_means_no_tls_and_no_passwords(folder: Path) -> None:
    assert load(folder, "") == WebConfig()


def test_tls_is_at_least_1_2_unless_told(folder: Path) -> None:
    config = load(folder, "tls_server_config: {cert_file: server.pem, key_file: server.key}")
    assert config.tls is not None
    assert server_context(config.tls).minimum_version is ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("[]", "must be a table"),
        ("a: [", "not YAML"),
        ("tls_server_confg: {}", "tls_server_confg: no such key"),
        ("tls_server_config: {cert: x}", "tls_server_config.cert: no such key"),
        ("tls_server_config: {cert_file: server.pem}", "needs cert_file and key_file"),
        ("tls_server_config: {cert_file: 1, key_file: k}", "cert_file: must be a path"),
        (
            "tls_server_config: {cert_file: c, key_file: k, client_auth_type: RequireAnyClientCert}",
            "client_auth_type: must be one of",
        ),
        (
            "tls_server_config: {cert_file: c, key_file: k, client_auth_type: RequireAndVerifyClientCert}",
            "client_ca_file: is needed",
        ),
        (
            "tls_server_config: {cert_file: c, key_file: k, client_ca_file: ca.pem}",
            "client_auth_type: must verify",
        ),
        ("tls_server_config: {cert_file: c, key_file: k, min_version: SSL3}", "min_version: must be one of"),
        ("tls_server_config: {cert_file: c, key_file: k, cipher_suites: [RC4]}", "cipher_suites: may hold"),
        (
            "tls_server_config: {cert_file: c, key_file: k, curve_preferences: [CurveP384, CurveP256]}",
            "one of",
        ),
        (
            "tls_server_config: {cert_file: c, key_file: k, curve_preferences: [X25519]}",
            "CurveP256, CurveP384",
        ),
        ("basic_auth_users: {prometheus: hunter2}", "basic_auth_users.prometheus: must be a bcrypt hash"),
        ("basic_auth_users: {prometheus: $2b$31$" + "a" * 53 + "}", "cost 4 to 14"),
        ("basic_auth_users: [x]", "must be a table of name: bcrypt hash"),
        ("http_server_config: {headers: {X-Evil: 1}}", "http_server_config.headers.X-Evil: no such key"),
        ('http_server_config: {headers: {X-Frame-Options: "a\\nb"}}', "must be one line"),
    ],
)
def test_a_wrong_file_is_refused_with_its_key(folder: Path, text: str, part: str) -> None:
    with refused(re.escape(part)) as caught:
        load(folder, text)
    sentence = render(caught.value.problem, "en")
    assert (
        len(caught.value.problems) == 1
        and "web.yml" in sentence
        and "\n" not in sentence
        and "hunter2" not in sentence
    )


@pytest.mark.parametrize(
    "text",
    [
        "a0: &a0 {k: 1}\n"
        + "".join(f"a{n + 1}: &a{n + 1} {{<<: [{','.join([f'*a{n}'] * 8)}]}}\n" for n in range(7)),
        "a0: &a0 [x, x]\n" + "".join(f"a{n + 1}: &a{n + 1} [*a{n}, *a{n}]\n" for n in range(60)),
        "[" * 90_000,
        "{a: " * 20_000,
        "- " * 45_000,
    ],
    ids=["merges", "aliases", "brackets", "tables", "dashes"],
)
@pytest.mark.timeout(100)
def test_a_hostile_file_is_refused_at_once(tmp_path: Path, text: str) -> None:
    (tmp_path / "web.yml").write_text(text)
    with refused("alias|not YAML"):
        load_web_config(tmp_path / "web.yml")


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with refused("cannot be read"):
        load_web_config(tmp_path / "no.yml")


@pytest.mark.parametrize("spoiled", ["server.pem", "server.key", "ca.pem"])
def test_a_spoiled_certificate_is_one_line(tmp_path: Path, spoiled: str) -> None:
    make_certificates(tmp_path)
    (tmp_path / spoiled).write_text("garbage")
    config = load(tmp_path, WHOLE)
    assert config.tls is not None
    with refused("TLS cannot be set up"):
        server_context(config.tls)


def test_mistakes_are_told_in_vietnamese_too(tmp_path: Path) -> None:
    (tmp_path / "web.yml").write_text("basic_auth_users: {prometheus: hunter2}")
    with pytest.raises(OperatorError) as caught:
        load_web_config(tmp_path / "web.yml")
    sentence = render(caught.value.problem, "vi")
    assert sentence.endswith("basic_auth_users.prometheus: phải là chuỗi băm bcrypt có độ khó từ 4 đến 14")


def test_a_key_with_a_passphrase_is_refused_and_nobody_is_asked(tmp_path: Path) -> None:
    make_certificates(tmp_path)
    key = load_pem_private_key((tmp_path / "server.key").read_bytes(), None)
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"hunter2"))
    (tmp_path / "server.key").write_bytes(locked)
    (tmp_path / "web.yml").write_text("tls_server_config: {cert_file: server.pem, key_file: server.key}")
    config = load_web_config(tmp_path / "web.yml")
    assert config.tls is not None
    with refused("passphrase"):
        server_context(config.tls)


def test_hashes_are_not_shown() -> None:
    assert HASH not in repr(WebConfig(users=(("prometheus", HASH.encode()),)))


def test_guesses_are_bounded_and_do_not_crowd_out_who_is_known() -> None:
    book = PasswordBook((("prometheus", HASH.encode()),))
    assert book.verify("prometheus", b"hunter2")
    for i in range(MAX_VERIFIED + 1):
        assert not book.verify("prometheus", b"guess%d" % i)
    assert book.remembered("prometheus", b"hunter2") is True
    assert [book.remembered("prometheus", guess) for guess in (b"guess0", b"guess1")] == [None, False]


@pytest.mark.parametrize("password", [b"", b"\x00", b"hunter2\x00", b"x" * 5000, b"hunter2" + b" " * 80])
def test_odd_passwords_are_answered_and_wrong(password: bytes) -> None:
    assert PasswordBook((("prometheus", HASH.encode()),)).verify("prometheus", password) is False


def test_an_unknown_user_never_enters() -> None:
    assert PasswordBook((("prometheus", HASH.encode()),)).verify("root", b"hunter2") is False


def test_client_names() -> None:
    certificate = {"subjectAltName": (("DNS", "school-9001"),)}
    assert allowed_san(certificate, ())
    assert allowed_san(certificate, ("school-9001", "other"))
    assert not allowed_san(certificate, ("school-7777",))
    assert not allowed_san(None, ("school-9001",))
