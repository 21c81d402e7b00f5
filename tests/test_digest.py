"""Digest answers against the vectors of the RFCs, and challenges as cameras really write them."""

from __future__ import annotations

import asyncio
import base64
import re

import pytest
from aiohttp import ClientSession, DigestAuthMiddleware, web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st

from camagent.model.secret import Credential, Secret
from camagent.wire.digest import (
    MAX_CHALLENGES,
    DigestChallenge,
    DigestRequest,
    basic_authorization,
    digest_authorization,
    digest_challenges,
    digest_response,
    fresh_cnonce,
    offered_schemes,
    parse_challenges,
)
from tests.floor import judged, not_vacuous

MUFASA = Credential("Mufasa", Secret("Circle Of Life"))
RFC2617 = DigestRequest("GET", "/dir/index.html", "0a4f113b")
RFC7616 = DigestRequest("GET", "/dir/index.html", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ")
NONCE_7616 = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"


def only(header: str) -> DigestChallenge:
    (challenge,) = digest_challenges(parse_challenges([header]))
    return challenge


@pytest.mark.parametrize(
    ("challenge", "credential", "request_", "expected"),
    [
        pytest.param(
            DigestChallenge("testrealm@host.com", "dcd98b7102dd2f0e8b11d0f600bfb0c093", qop="auth"),
            MUFASA,
            RFC2617,
            "6629fae49393a05397450978507c4ef1",
            id="RFC 2617 §3.5",
        ),
        pytest.param(
            DigestChallenge("testrealm@host.com", "dcd98b7102dd2f0e8b11d0f600bfb0c093"),
            Credential("Mufasa", Secret("CircleOfLife")),
            RFC2617,
            "1949323746fe6a43ef61f9606e7febea",
            id="RFC 2069 §2.4 with erratum 749",
        ),
        pytest.param(
            DigestChallenge("http-auth@example.org", NONCE_7616, qop="auth"),
            Credential("Mufasa", Secret("Circle of Life")),
            RFC7616,
            "8ca523f5e9506fed4657c9700eebdbec",
            id="RFC 7616 §3.9.1 MD5",
        ),
        pytest.param(
            DigestChallenge("http-auth@example.org", NONCE_7616, algorithm="SHA-256", qop="auth"),
            Credential("Mufasa", Secret("Circle of Life")),
            RFC7616,
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
            id="RFC 7616 §3.9.1 SHA-256",
        ),
        pytest.param(
            DigestChallenge(
                "api@example.org",
                "5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK",
                algorithm="SHA-512-256",
                qop="auth",
            ),
            Credential("Jäsøn Doe", Secret("Secret, or not?")),
            DigestRequest("GET", "/doe.json", "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v"),
            "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5",
            id="RFC 7616 §3.9.2 SHA-512-256 with erratum 4897",
        ),
    ],
)
def test_the_vectors_of_the_standards_come_out(
    challenge: DigestChallenge, credential: Credential, request_: DigestRequest, expected: str
) -> None:
    assert digest_response(challenge, credential, request_) == expected


def test_the_user_name_is_hashed_where_the_server_asks_for_it() -> None:
    challenge = DigestChallenge("api@example.org", "n", algorithm="SHA-512-256", qop="auth", user_hash=True)
    header = digest_authorization(
        challenge, Credential("Jäsøn Doe", Secret("x")), DigestRequest("GET", "/", "c")
    )
    assert 'username="793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b"' in header
    assert "userhash=true" in header and "J" not in header.split("realm")[0].replace("username", "")


def test_a_session_algorithm_mixes_both_nonces_into_the_secret() -> None:
    # RFC 7616 §3.4.2 worked by hand with an independent tool (md5sum): A1 = MD5("u:r:p"):n:c
    challenge = DigestChallenge("r", "n", session=True, stated_algorithm="MD5-sess", qop="auth")
    assert digest_response(challenge, Credential("u", Secret("p")), DigestRequest("OPTIONS", "*", "c")) == (
        "6e16c616a302a36e70efb843e6a581c6"
    )


def test_without_qop_no_client_nonce_is_sent() -> None:
    """The RFC 2069 form of IMOU and Dahua (scottlamb/retina#62)."""
    header = digest_authorization(
        DigestChallenge("r", "n"), MUFASA, DigestRequest("DESCRIBE", "rtsp://h/1", "c")
    )
    assert (
        "cnonce" not in header and "qop" not in header and "nc=" not in header and "algorithm" not in header
    )


def test_the_strongest_challenge_is_answered_whatever_the_order() -> None:
    """Two WWW-Authenticate lines, MD5 and SHA-256 (AlexxIT/go2rtc PR #2451)."""
    lines = [
        'Digest realm="a", nonce="1", algorithm=MD5',
        'Digest realm="a", nonce="2", algorithm="SHA-256", qop="auth"',
    ]
    for order in (lines, lines[::-1], [", ".join(lines)]):
        assert digest_challenges(parse_challenges(order))[0].algorithm == "SHA-256"


@pytest.mark.parametrize(
    ("header", "schemes"),
    [
        ('Basic realm="gSOAP"', ("basic",)),
        ('Digest realm="IP Camera(C1234)", nonce="x", stale=FALSE', ("digest-md5",)),
        ('Digest qop="auth,auth-int", realm = "DS", nonce= "x" , opaque=""', ("digest-md5",)),
        ("Digest realm=r,nonce=x,algorithm=sha256", ("digest-sha-256",)),
        ('Digest realm="a" nonce="b" algorithm=MD5', ("digest-md5",)),
        ('Digest realm="a", nonce="b", algorithm=token', ("digest-token",)),
        ('Digest realm="a", nonce="b", qop="other"', ("digest",)),
        ('Digest realm="a"', ("digest",)),
        ('Negotiate YII=, Basic realm="x, Digest nonce=1"', ("negotiate", "basic")),
        ("", ()),
    ],
)
def test_challenges_are_read_as_cameras_write_them(header: str, schemes: tuple[str, ...]) -> None:
    assert offered_schemes(parse_challenges([header])) == schemes


def test_only_challenges_that_can_be_answered_are_offered_for_answering() -> None:
    unknown = [
        'Digest realm="a", nonce="b", algorithm=token',
        'Digest realm="a"',
        'Digest nonce="b", qop="other"',
    ]
    assert digest_challenges(parse_challenges(unknown)) == ()


def test_a_quote_in_the_realm_is_echoed_as_it_was_sent() -> None:
    challenge = only(r'Digest realm="say \"hi\"", nonce="n"')
    assert r'realm="say \"hi\""' in digest_authorization(challenge, MUFASA, RFC2617)


def test_stale_is_told_from_refused() -> None:
    assert only('Digest realm="a", nonce="b", stale=TRUE').stale
    assert not only('Digest realm="a", nonce="b", stale=false').stale


def test_a_line_break_in_a_challenge_never_reaches_our_header() -> None:
    assert parse_challenges(['Digest realm="a\r\nEvil: 1", nonce="b"']) == ()


def test_challenges_are_bounded() -> None:
    assert len(parse_challenges(["Basic " * 1000])) == MAX_CHALLENGES
    assert parse_challenges(["x" * 9000]) == ()


def test_basic_is_the_password_in_clear() -> None:
    assert base64.b64decode(basic_authorization(MUFASA)[6:]) == b"Mufasa:Circle Of Life"


def test_client_nonces_differ() -> None:
    assert fresh_cnonce() != fresh_cnonce()


@not_vacuous(0.01)
@given(
    st.lists(
        st.text(max_size=200)
        | st.from_regex(
            r'Digest realm="[^"\n]{0,9}", ?nonce="[ -!#-~]{1,9}"(, ?[a-z]{1,8} ?= ?"?[^\n]{0,9}"?){0,3}'
        )
        | st.from_regex(r'Digest( ?[a-z]{1,8} ?= ?"?[^\n]{0,9}"?,?){0,6}'),
        max_size=4,
    )
)
def test_any_text_is_read_without_harm_and_answered_on_one_line(headers: list[str]) -> None:
    challenges = digest_challenges(parse_challenges(headers))
    judged(bool(challenges))
    for challenge in challenges:
        answer = digest_authorization(challenge, MUFASA, RFC2617)
        assert answer.isprintable() and answer.count("username=") >= 1


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256", "MD5-sess"])
def test_the_body_is_covered_as_another_client_covers_it(algorithm: str) -> None:
    """aiohttp's own Digest client, of other authors, answers the same challenge: ours is the same answer."""
    answers: list[str] = []

    async def serve(request: web.Request) -> web.Response:
        challenge = f'Digest realm="r", nonce="n", qop="auth-int", algorithm={algorithm}'
        if "Authorization" not in request.headers:
            return web.Response(status=401, headers={"WWW-Authenticate": challenge})
        answers.append(request.headers["Authorization"])
        return web.Response()

    async def story() -> None:
        app = web.Application()
        app.router.add_post("/x", serve)
        async with TestServer(app) as server:
            login = DigestAuthMiddleware(login=MUFASA.user, password=MUFASA.secret.reveal())
            async with ClientSession(middlewares=(login,)) as client:
                await client.post(server.make_url("/x"), data=b"<body/>")

    asyncio.run(story())
    sent = dict(re.findall(r'(\w+)="?([^",]+)"?', answers[0]))
    (ours,) = digest_challenges(
        parse_challenges([f'Digest realm="r", nonce="n", qop="auth-int", algorithm={algorithm}'])
    )
    request = DigestRequest("POST", "/x", sent["cnonce"], int(sent["nc"], 16), b"<body/>")
    assert sent["qop"] == ours.qop == "auth-int"
    assert digest_response(ours, MUFASA, request) == sent["response"]
