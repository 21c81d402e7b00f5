"""A log-in typed into the wrong place of any command is in no line that the command says."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from camagent.cli.main import main
from camagent.cli.typed_targets import read_target
from camagent.model.operator_error import OperatorError
from camagent.model.uri import StreamUri, shown_as_typed, shown_range, without_logins
from camagent.text import render
from tests.each import each

SECRET = "Zq7hunter"
COMMANDS = (
    "{}",
    "scan {}",
    "scan --subnet {}",
    "scan --interface {} --no-store",
    "scan --inventory {}",
    "scan --profile {}",
    "discover --subnet {}",
    "doctor --subnet {}",
    "check {} {} --window 1",
    "check nothing --config {}",
    "serve --listen {}",
    "credentials set {} --user a --password-file /nonexistent",
    "credentials remove {}",
    "credentials trust {}",
    "credentials accept-certificate {}",
    "history {}",
    "explain {}",
    "baseline show {}",
    "camera retire {} --by x --reason y",
    "camera forget {}",
    "answer NET-SWITCH yes --camera {} --by x",
    "answer {} yes --by x",
    "area {}",
    "area apply {} --by An",
    "report --compare {}",
    "simulate --load 1 --address {}",
    "onvif {} devicemgmt GetScopes --wsdl {}",
    "profile show {}",
    "profile validate {}",
)
FORMS = (
    f"rtsp://admin:{SECRET}@192.0.2.1:99999/live",
    f"admin:{SECRET}@192.0.2.1",
    f"rtsp//admin:{SECRET}@camera",
    f"http://admin%3A{SECRET}%40192.0.2.1/",
    f"//admin:{SECRET}@[fd00::1/x",
    f"admin:p@{SECRET}@192.0.2.1/" + "x" * 60,
    f"admin:{SECRET}",
)
BAD_TARGETS = {
    f"127.0.0.1 admin {SECRET}": "127.0.0.1: ",
    f"admin {SECRET} 127.0.0.1:80": "127.0.0.1: ",
    f"admin/{SECRET}@127.0.0.1/ch1": "127.0.0.1: ",
    f"rtsp//h/admin/{SECRET}/ch1": "number 1",
    f"cam.local admin {SECRET}": "number 1",
    f"cam.local/{SECRET}": "number 1",
    f"ftp://cam/{SECRET}": "number 1",
    f"[fd00::1 {SECRET}": "fd00::1: ",
    f"{SECRET}/999.1.1.1": "number 1",
    f"rtsp//h/admin/{SECRET}/clip.mp4": "clip.mp4: ",
    f"h {SECRET}.mp4": "number 1",
}


@each(list(BAD_TARGETS))
def test_of_a_target_that_cannot_be_read_only_numbers_are_said(typed: str) -> None:
    with pytest.raises(OperatorError) as refused:
        read_target(typed, None)
    sentence = render(refused.value.problems[0], "en")
    assert SECRET not in sentence and BAD_TARGETS[typed] in sentence, sentence


def test_a_password_that_is_a_segment_of_the_path_is_hidden() -> None:
    for path, shown in (
        (f"/admin/{SECRET}/ch1", "/admin/***/ch1"),
        (f"/live/Admin/{SECRET}/ch1?x=1", "/live/Admin/***/ch1?x=1"),
        ("/admin/ch1", "/admin/ch1"),
        ("/Streaming/Channels/101", "/Streaming/Channels/101"),
        ("/live/administration/x/y", "/live/administration/x/y"),
    ):
        assert StreamUri("rtsp", "h", 554, path).shown == f"rtsp://h{shown}"


@pytest.mark.parametrize("typed", FORMS)
@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_says_it(
    command: str,
    typed: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("CAMAGENT_DATA", str(tmp_path))
    monkeypatch.setenv("CAMAGENT_CONFIG_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    words = [word.replace("{}", typed) for word in command.split()]
    monkeypatch.setattr(sys, "argv", ["camagent", *words, "--lang", "en"])
    with pytest.raises(SystemExit) as ended:
        main()
    output = "".join(capfd.readouterr())
    assert SECRET not in output, output
    assert ended.value.code in (0, 1, 2, 3) and "itself failed" not in output, output


@pytest.mark.parametrize(
    "text",
    [
        "00:1b:c5:0a:0b:0c",
        "fd00::1/64",
        "192.168.1.0/33",
        "Cổng chính: sân trường",
        "urn:uuid:5f5a69c2-e0ae-504f-829b-00000000000a",
        "192.168.1.64#2",
        "IMG-FPS",
    ],
)
def test_names_codes_and_ranges_are_said_whole(text: str) -> None:
    assert shown_as_typed(text) == text


@pytest.mark.parametrize("text", ["192.168.1.0/33", "fd00::1/200", "192.168.1.1-9", "10.1"])
def test_a_range_that_is_none_is_said_whole(text: str) -> None:
    assert shown_range(text) == text


@pytest.mark.parametrize("text", ["admin:S3cret", "admin:S3cret@10.1.1.1", "rtsp:admin:S3cret"])
def test_a_log_in_in_place_of_a_range_is_not(text: str) -> None:
    assert "S3cret" not in shown_range(text)


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Error: C:/school@home/a.toml: cannot be read", "Error: C:/school@home/a.toml: cannot be read"),
        ("Error: ask giamsat@truong.edu.vn for it", "Error: ask giamsat@truong.edu.vn for it"),
        ('Error: "a:b@192.0.2.1" is none', 'Error: "***@192.0.2.1" is none'),
        ("Error: admin:b: no such file", "Error: admin:*** no such file"),
        ("service: the user: is missing", "service: the user: is missing"),
        ("(rtsp://a:b@192.0.2.1/x)", "(rtsp://***@192.0.2.1/x)"),
    ],
)
def test_a_sentence_loses_its_log_ins_only(sentence: str, expected: str) -> None:
    assert without_logins(sentence) == expected
