"""Stream addresses: what people type, what devices send, and that no credential is left in them."""

from __future__ import annotations

import pickle
import re
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camagent.model.secret import Credential, Secret
from camagent.model.uri import StreamUri, parse_stream_uri, shown_without_login
from tests.floor import judged, not_vacuous

PRINTABLE = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)


@pytest.mark.parametrize(
    ("text", "uri", "user", "password"),
    [
        ("rtsp://192.0.2.9/live", "rtsp://192.0.2.9/live", None, None),
        ("rtsp://admin:p@ss@192.0.2.9/live", "rtsp://192.0.2.9/live", "admin", "p@ss"),
        ("rtsp://admin:p#w/d@192.0.2.9:8554/a@b", "rtsp://192.0.2.9:8554/a@b", "admin", "p#w/d"),
        ("rtsp://admin:p%40ss@192.0.2.9/live", "rtsp://192.0.2.9/live", "admin", "p@ss"),
        ("rtsp://admin:12/34@192.0.2.9/live", "rtsp://192.0.2.9/live", "admin", "12/34"),
        (
            "rtsp://cam1:8554/user@school.example/live",
            "rtsp://cam1:8554/user@school.example/live",
            None,
            None,
        ),
        ("rtsp://192.0.2.9:554/user@192.0.2.8", "rtsp://192.0.2.9/user@192.0.2.8", None, None),
        ("rtsp://admin:@192.0.2.9/live", "rtsp://192.0.2.9/live", "admin", ""),
        ("rtsp://192.0.2.9/user=a@b&password=c", "rtsp://192.0.2.9/user=a@b&password=c", None, None),
        ("rtsp://[2001:db8::5]:8554/x", "rtsp://[2001:db8::5]:8554/x", None, None),
        ("RTSPS://192.0.2.9", "rtsps://192.0.2.9", None, None),
        ("rtsp://192.0.2.9:554/x?channel=1", "rtsp://192.0.2.9/x?channel=1", None, None),
    ],
)
def test_a_stream_address_is_split(text: str, uri: str, user: str | None, password: str | None) -> None:
    parsed = parse_stream_uri(text)
    assert parsed is not None
    assert str(parsed[0]) == uri
    login = parsed[1]
    assert (None if login is None else login.user) == user
    assert (None if login is None else login.secret.reveal()) == password


@pytest.mark.parametrize(
    "text", ["", "rtsp://", "192.0.2.9", "file:///etc/passwd", "rtsp://a:99999/", "rtsp://a\n/"]
)
def test_what_is_no_stream_address_is_none(text: str) -> None:
    assert parse_stream_uri(text) is None


@given(PRINTABLE, PRINTABLE)
def test_an_escaped_password_survives_and_is_never_printed(user: str, password: str) -> None:
    text = f"rtsp://{quote(user, safe='')}:{quote(password, safe='')}@192.0.2.9:8554/live"
    parsed = parse_stream_uri(text)
    assert parsed is not None and parsed[1] is not None
    assert (parsed[1].user, parsed[1].secret.reveal()) == (user, password)
    assert str(parsed[0]) == "rtsp://192.0.2.9:8554/live"


@not_vacuous(0.03)
@given(st.text(max_size=200))
def test_any_text_gives_an_address_or_none(text: str) -> None:
    parsed = parse_stream_uri("rtsp://" + text)
    judged(parsed is not None)
    assert parsed is None or isinstance(parsed[0], StreamUri)


def test_a_secret_shows_itself_nowhere() -> None:
    credential = Credential("admin", Secret("hunter2"))
    shown = f"{credential!r} {credential} {credential.secret} {credential.secret!r} {credential.secret:>20}"
    assert "hunter2" not in shown
    with pytest.raises(TypeError):
        pickle.dumps(credential)


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("rtsp://192.0.2.1/Streaming/Channels/101", "rtsp://192.0.2.1/Streaming/Channels/101"),
        ("rtsp://192.0.2.1/cam?PASSWORD=a/b&x=1", "rtsp://192.0.2.1/cam?PASSWORD=***&x=1"),
        ("rtsp://192.0.2.1/s;auth=abc", "rtsp://192.0.2.1/s;auth=***"),
        (
            "rtsp://192.0.2.1/user=a_password=b_c_channel=2",
            "rtsp://192.0.2.1/user=***_password=***_channel=2",
        ),
        ("rtsp://192.0.2.1/bypass=1", "rtsp://192.0.2.1/bypass=1"),
    ],
)
def test_only_values_of_secret_keys_are_hidden(uri: str, shown: str) -> None:
    parsed = parse_stream_uri(uri)
    assert parsed is not None and parsed[0].shown == shown
    assert str(parsed[0]) == uri


MISTYPED = (
    "{scheme}//admin:{password}@192.0.2.9/live",
    "{scheme}:/admin:{password}@192.0.2.9/live",
    "{scheme}:admin:{password}@192.0.2.9/live",
    "{scheme};//admin:{password}@192.0.2.9/live",
    "{scheme}:\\\\admin:{password}@192.0.2.9",
    "{scheme}:///admin:{password}@192.0.2.9/live",
    "{scheme}://admin:{password}#x@bad_host:99999/live",
    "{scheme}://admin:P@{password}:word/1@bad host/live",
    "{scheme}://admin:{password}@[fe80::1/live",
    "{scheme}://admin:{password}@[fe80::1]:99999/live",
    "{scheme}://192.0.2.9@admin:{password}",
    "{scheme}://admin:{password}/192.0.2.9",
    "{scheme}://admin:{password} 192.0.2.9",
    "{scheme}://admin%3A{password}%40192.0.2.9:999999/live",
    "{scheme}://admin\uff1a{password}\uff20192.0.2.9/live",
    "admin:{password}@192.0.2.9",
    "admin:{password}",
    " admin:{password}@ 192.0.2.9 ",
    "192.0.2.9/live?user=admin&psw={password}",
    "{scheme}:/192.0.2.9/user=admin_password={password}_channel=1",
    "x{scheme}://admin:{password}@192.0.2.9/live",
)


@pytest.mark.parametrize("typed", MISTYPED)
@pytest.mark.parametrize("scheme", ["rtsp", "RTSP", "rtsps", "http"])
def test_a_mistyped_target_is_shown_without_its_password(typed: str, scheme: str) -> None:
    for password in (
        "hunter2",
        "Mật-khẩu2",
        "h@unter2",
        "hunter2@",
        "%68unter2",
        "hunter2:554",
        "123456",
        "h/unter#2?",
    ):
        shown = shown_without_login(typed.format(scheme=scheme, password=password))
        pieces = [piece for piece in re.split("[@/]", password) if len(piece) > 1]
        assert not any(piece in shown for piece in pieces) and shown.isprintable(), (password, shown)


@pytest.mark.parametrize(
    "typed",
    [
        "camera.school",
        "ftp://x/",
        "192.0.2.9:99999",
        "fe80::1",
        "[fe80::1]:99999",
        "rtsp:/192.0.2.9:554/live",
        "video.mp5",
    ],
)
def test_a_mistyped_target_without_a_password_is_shown_as_typed(typed: str) -> None:
    assert shown_without_login(typed) == typed
