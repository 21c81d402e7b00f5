"""Transcripts keep what a report needs and nothing that lets anybody in."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camagent.model.device import DeviceTarget
from camagent.model.operator_error import OperatorError
from camagent.model.secret import Credential, Secret
from camagent.platform.system_clock import SystemClock
from camagent.run.replay import MAX_STREAMS, replay
from camagent.wire.redaction import redact
from camagent.wire.transcript import (
    MAX_EXCHANGES,
    MAX_TEXT_CHARS,
    Transcript,
    parse_transcript,
    read_transcript,
)

SECRET = Credential("giamsat", Secret("hunter2/Đ&'\"<"))


@pytest.mark.parametrize(
    ("text", "gone", "kept"),
    [
        ('Authorization: Digest username="admin", response="abc"\nCSeq: 2', "abc", "CSeq: 2"),
        ("authorization:Basic YWRtaW46MTIz", "YWRtaW46MTIz", "Basic"),
        ("Proxy-Authorization: Basic Zm9v", "Zm9v", "Basic"),
        ("Set-Cookie: session=77aa", "77aa", "Set-Cookie"),
        ('<wsse:Password Type="x#PasswordDigest">q1w2=</wsse:Password>', "q1w2", "PasswordDigest"),
        ('<Nonce EncodingType="b">bm9uY2U=</Nonce>', "bm9uY2U", "<Nonce"),
        (
            "<tt:Username>root7</tt:Username><tt:UserLevel>Administrator</tt:UserLevel>",
            "root7",
            "Administrator",
        ),
        ("DESCRIBE rtsp://u1:p1@10.0.0.5:554/a?x=1 RTSP/1.0", "p1", "10.0.0.5"),
        ("rtsp://u1:p/1@10.0.0.5:8554/a", "p/1", "10.0.0.5"),
        ("rtsp://u1:p#1?@10.0.0.5/live", "p#1", "10.0.0.5"),
        ("<Uri>rtsp://a:b&amp;c@h/x?y=1&amp;z=2</Uri>", "b&amp;c", "y=1&amp;z=2"),
        ("rtsp://h/user=admin&password=tlJwpbo6&channel=1", "tlJwpbo6", "channel=1"),
        ("GET /cgi?usr=x&pwd=s3cr3t HTTP/1.1", "s3cr3t", "HTTP/1.1"),
        ("<SerialNumber>AC00017</SerialNumber>", "zzz", "AC00017"),
        ("rtsp://10.0.0.5/stream@main", "zzz", "rtsp://10.0.0.5/stream@main"),
        ('WWW-Authenticate: Digest realm="cam", nonce="n1"', "zzz", 'nonce="n1"'),
    ],
)
def test_redaction_takes_secrets_and_leaves_facts(text: str, gone: str, kept: str) -> None:
    clean = redact(text)
    assert gone not in clean and kept in clean and redact(clean) == clean


def test_users_stay_countable() -> None:
    clean = redact("<Username>a</Username><Username>b</Username><Username>a</Username>")
    assert clean == "<Username>user-1</Username><Username>user-2</Username><Username>user-1</Username>"


def test_a_known_password_is_hidden_in_every_form() -> None:
    import base64
    import html
    import urllib.parse

    secret = SECRET.secret.reveal()
    forms = [
        secret,
        html.escape(secret),
        urllib.parse.quote(secret, safe=""),
        json.dumps(secret)[1:-1],
        base64.b64encode(f"giamsat:{secret}".encode()).decode(),
    ]
    transcript = Transcript()
    transcript.hide(SECRET)
    transcript.note("rtsp", f"x {forms[0]}", " ".join(forms), "\n".join(forms), 0.1)
    text = transcript.to_json()
    assert "hunter2" not in text and not any(form in text for form in forms)


def test_a_short_password_does_not_shred_the_text() -> None:
    transcript = Transcript()
    transcript.hide(Credential("a", Secret("12")))
    transcript.note("rtsp", "OPTIONS", "CSeq: 12", "", 0.0)
    assert transcript.exchanges[0].sent == "CSeq: 12"


def test_the_file_reads_back_to_the_same_text(tmp_path: Path) -> None:
    transcript = Transcript(DeviceTarget("10.0.0.5", 8000, xaddrs=("http://10.0.0.5/x",)))
    transcript.note("soap", "GetScopes", "POST\nHost: x\n\n<a>\n</a>", "HTTP/1.1 200\r\n\n", 0.25)
    transcript.note("capture", "rtsp://10.0.0.5/1", "", '{"frames": 1}', 5.0)
    path = transcript.write(tmp_path / "new", "10.0.0.5:8000/../x")
    assert path.parent == tmp_path / "new" and path.name == "10.0.0.5_8000_.._x.transcript.json"
    again = read_transcript(path)
    assert again.to_json() == transcript.to_json() and again.target == transcript.target
    assert again.captures() == {"rtsp://10.0.0.5/1": '{"frames": 1}'}


def test_a_transcript_is_bounded_and_says_what_it_left_out() -> None:
    transcript = Transcript()
    for _ in range(MAX_EXCHANGES + 5):
        transcript.note("rtsp", "x", "", "", 0.0)
    assert len(transcript.exchanges) == MAX_EXCHANGES and transcript.truncated == 5
    large = Transcript()
    for _ in range(8):
        large.note("soap", "x", "", "y" * (MAX_TEXT_CHARS + 1), 0.0)
    assert len(large.to_json()) < 17 * 1024 * 1024 and large.truncated == 3


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"schema": "camagent.transcript/2"}',
        '{"schema": "camagent.transcript/1"}',
        '{"schema": "camagent.transcript/1", "target": 7, "exchanges": [], "truncated": 0}',
        '{"schema": "camagent.transcript/1", "target": null, "exchanges": [{"sent": 1}], "truncated": 0}',
        '{"schema": "camagent.transcript/1", "target": null, "exchanges": 5, "truncated": 0}',
        '{"schema": "camagent.transcript/1", "target": null, "exchanges": [], "truncated": 1e999}',
        "[" * 100_000,
    ],
)
def test_a_file_that_is_no_transcript_is_refused_with_a_reason(text: str, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(OperatorError):
        read_transcript(path)


def test_a_device_without_end_is_not_read_to_its_end() -> None:
    with pytest.raises(OperatorError, match="too_large"):
        read_transcript(Path("/dev/zero"))


def test_streams_without_end_are_no_recording_of_ours(tmp_path: Path) -> None:
    transcript = Transcript()
    for number in range(MAX_STREAMS + 1):
        transcript.note("capture", f"rtsp://10.1.1.1/{number}", "", "{}", 0.0)
    with pytest.raises(OperatorError, match="too_large"):
        asyncio.run(replay(transcript, SystemClock()))


def test_a_missing_file_and_a_binary_one_are_refused(tmp_path: Path) -> None:
    with pytest.raises(OperatorError):
        read_transcript(tmp_path / "none.json")
    (tmp_path / "b").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(OperatorError):
        read_transcript(tmp_path / "b")


def test_a_file_made_by_hand_is_redacted_on_reading() -> None:
    row = {
        "protocol": "rtsp",
        "doing": "x",
        "sent": ["Authorization: Basic Zm9vOmJhcg=="],
        "received": [],
        "elapsed_s": 1,
    }
    text = json.dumps({"schema": "camagent.transcript/1", "target": None, "exchanges": [row], "truncated": 0})
    assert "Zm9v" not in parse_transcript(text).to_json()


@given(st.text(max_size=300))
def test_redaction_is_stable_on_any_text(text: str) -> None:
    once = redact(text)
    assert redact(once) == once


PASSWORDS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=6, max_size=20)


@given(PASSWORDS)
def test_no_password_of_printable_ascii_survives_in_a_url(password: str) -> None:
    transcript = Transcript()
    transcript.hide(Credential("admin", Secret(password)))
    transcript.note("rtsp", "DESCRIBE", f"DESCRIBE rtsp://admin:{password}@10.0.0.5/1 RTSP/1.0", "", 0.0)
    sent = transcript.exchanges[0].sent
    assert password not in sent.replace("DESCRIBE rtsp://", "").replace("@10.0.0.5/1 RTSP/1.0", "").replace(
        "***", ""
    )
