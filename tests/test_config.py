"""A wrong configuration is refused with file and key, every error at once; a right one means what it says."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from camagent.model.operator_error import OperatorError
from camagent.operator_files.checked import KINDS
from camagent.operator_files.config import load_config
from camagent.text import catalogue, render

GOOD = """
[site]
id = "9001"
name = "THCS Nguyễn Du"
area = "Phường Gia Định"
uplink_mbps = 50

[discovery]
subnets = ["192.168.1.0/24"]
inventory = "camera.csv"

[check]
window_s = 12
transport = "tcp"

[[credential]]
address = "192.168.1.64"
user = "city"
password_file = "secrets/city"

[agent]
quiet_hours = ["07:00-11:30"]
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "camagent.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_right_file_is_read_and_its_paths_are_meant_from_its_folder(tmp_path: Path) -> None:
    config = load_config(written(tmp_path, GOOD))
    assert config.site.name == "THCS Nguyễn Du"
    assert config.discovery.inventory == tmp_path / "camera.csv"
    assert config.credential[0].password_file == tmp_path / "secrets" / "city"
    assert config.credential[0].address == "192.168.1.64/32"
    assert config.check.window_s == 12


def test_an_empty_file_gives_the_defaults(tmp_path: Path) -> None:
    assert load_config(written(tmp_path, "")).check.profile == "ubnd-3288"


def test_every_error_is_told_at_once_with_its_key(tmp_path: Path) -> None:
    text = """
[site]
nmae = "x"
[discovery]
subnets = ["192.168.1.0/24", "300.1.1.0/24"]
[check]
window_s = 0.5
transport = "carrier pigeon"
[[credential]]
address = "192.168.1.64"
[agent]
quiet_hours = ["morning"]
"""
    path = written(tmp_path, text)
    with pytest.raises(OperatorError) as caught:
        load_config(path)
    problems = [render(problem, "en") for problem in caught.value.problems]
    assert all(problem.startswith(f"{path}: ") for problem in problems)
    keys = {problem.removeprefix(f"{path}: ").split(":")[0] for problem in problems}
    assert keys == {
        "site.nmae",
        "discovery.subnets[1]",
        "check.window_s",
        "check.transport",
        "credential[0].user",
        "agent.quiet_hours[0]",
    }


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[site\n", "not TOML"),
        ("site = 3", "site"),
        ("\x00", "not TOML"),
        ("x = " + "9" * 5000, "not TOML"),
        ("x = " + "[" * 5000, "not TOML"),
    ],
)
def test_what_is_no_configuration_is_one_clear_line(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(OperatorError) as caught:
        load_config(written(tmp_path, text))
    assert len(caught.value.problems) == 1
    assert says in render(caught.value.problems[0], "en")


def test_a_missing_or_endless_file_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="unreadable"):
        load_config(tmp_path / "nowhere.toml")
    huge = tmp_path / "huge.toml"
    huge.write_bytes(b"#" * 1_000_001)
    with pytest.raises(OperatorError, match="too_large"):
        load_config(huge)


def test_every_kind_of_error_has_a_sentence_and_vietnamese_users_read_vietnamese(tmp_path: Path) -> None:
    assert {f"config.{name}" for name in KINDS.values()} <= catalogue("vi").keys()
    check = '[check]\nwindow_s = "x"\npictures = 9\ntransport = "y"\n'
    text = '[site]\nname = 3\nnmae = ""\n' + check + "[discovery]\nsubnets = 1\n"
    with pytest.raises(OperatorError) as caught:
        load_config(written(tmp_path, text))
    sentences = [render(problem, "vi").removeprefix(str(tmp_path)) for problem in caught.value.problems]
    assert len(sentences) == 6
    assert not [
        line
        for line in sentences
        if any(word in line for word in ("Input", "should", "must", "expected", "valid"))
    ]


@pytest.mark.parametrize(
    "text",
    [
        '[[credential]]\naddress = "10.0.0.1"\nuser = "a"\npassword_file = 12345678\n',
        '[[credential]]\naddress = "admin:12345678@10.0.0.1"\nuser = "a"\n',
        '[[credential]]\naddress = "10.0.0.1"\nuser = "a"\npassword = "12345678"\n',
        '[site]\npassword = "12345678"\n',
    ],
)
def test_a_password_in_the_wrong_place_is_not_shown_again(text: str, tmp_path: Path) -> None:
    with pytest.raises(OperatorError) as caught:
        load_config(written(tmp_path, text))
    sentences = [render(problem, lang) for problem, lang in product(caught.value.problems, ("vi", "en"))]
    assert sentences and "12345678" not in " ".join([*sentences, str(caught.value), repr(caught.value)])


@pytest.mark.parametrize(
    "span", ["24:30-06:00", "7-11", "07:0-11:00", "٠٧:00-11:00x", "07:00-11:60", "-1:00-02:00", "07:00"]
)
def test_quiet_hours_are_times_of_a_day(tmp_path: Path, span: str) -> None:
    path = tmp_path / "camagent.toml"
    path.write_text(f'[agent]\nquiet_hours = ["22:00-24:00", "{span}"]\n', encoding="utf-8")
    with pytest.raises(OperatorError) as refusal:
        load_config(path)
    assert [dict(problem.args)["place"] for problem in refusal.value.problems] == ["agent.quiet_hours[1]"]


@pytest.mark.parametrize("ports", ["[0]", "[70000]", '["http"]', "[" + "80," * 17 + "]"])
def test_a_ladder_of_ports_is_short_and_possible(tmp_path: Path, ports: str) -> None:
    with pytest.raises(OperatorError) as refusal:
        load_config(written(tmp_path, f"[discovery]\nonvif_ports = {ports}\n"))
    (problem,) = refusal.value.problems
    assert "onvif_ports" in render(problem, "vi") and "config." not in render(problem, "en")


def test_where_toml_breaks_is_told_in_the_user_s_language_and_quotes_nothing(tmp_path: Path) -> None:
    with pytest.raises(OperatorError) as refusal:
        load_config(written(tmp_path, '[site]\nname = "a" hunter2\n'))
    (problem,) = refusal.value.problems
    assert "dòng 2, cột 12" in render(problem, "vi") and "line 2, column 12" in render(problem, "en")
    assert "hunter2" not in render(problem, "vi") + render(problem, "en")


def test_host_names_are_kept_in_one_form(tmp_path: Path) -> None:
    path = written(tmp_path, '[agent]\nhost_names = ["Camera.School.Example", "FD00:0::7", "10.0.0.7"]\n')
    assert load_config(path).agent.host_names == ("camera.school.example", "fd00::7", "10.0.0.7")


@pytest.mark.parametrize(
    "name", ["", "*", "*.example", "a b", "host:9797", "http://host", "a..b", "-a", "đ.vn", "[::1]"]
)
def test_a_host_name_is_a_name_and_nothing_else(tmp_path: Path, name: str) -> None:
    with pytest.raises(OperatorError) as refusal:
        load_config(written(tmp_path, f'[agent]\nhost_names = ["{name}"]\n'))
    (problem,) = refusal.value.problems
    assert problem.key == "config.host_name" and dict(problem.args)["place"] == "agent.host_names[0]"
