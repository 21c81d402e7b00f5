"""The command line: quick help in two languages, mistakes in one line, the contract's exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import pytest

from camagent.app import RunOptions, search_plan
from camagent.cli.language import choose_language
from camagent.cli.main import COMMANDS
from camagent.cli.mistakes import exit_code
from camagent.model.onvif import ONVIF_SEARCH_PORTS, RTSP_PORTS
from camagent.operator_files.config import Config, parse_config
from tests.each import each

CLIP = Path(__file__).resolve().parents[2] / "sample_streams" / "show_no_signal.h264"
HEAVY = ("av", "cv2", "numpy", "zeep", "aiohttp", "pydantic", "lxml", "onvif", "rich", "openpyxl")

HOME = tempfile.mkdtemp(prefix="camagent-home-")  # refused log-ins are remembered there


def camagent(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "camagent", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": "/usr/bin:/bin", "HOME": HOME, **environment},
        check=False,
    )


MANY = """
import contextlib, io, json, sys
from camagent.cli.main import main
ends = []
for words in json.loads(sys.argv[1]):
    sys.argv, out, err, code = ["camagent", *words], io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as end:
            code = end.code
    ends.append((code, out.getvalue(), err.getvalue()))
print(json.dumps(ends))
"""


@cache
def many(lang: str, lines: tuple[tuple[str, ...], ...]) -> dict[tuple[str, ...], tuple[int, str, str]]:
    """Exit code, output and errors of several lines in one language, in one process: most of what a line
    costs is the start of Python."""
    words = json.dumps([[*line, "--lang", lang] for line in lines])
    done = subprocess.run(
        [sys.executable, "-c", MANY, words],
        capture_output=True,
        text=True,
        timeout=100,
        env={"PATH": "/usr/bin:/bin", "HOME": HOME, "CAMAGENT_LANG": lang},
        check=True,
    )
    return {line: tuple(end) for line, end in zip(lines, json.loads(done.stdout), strict=True)}


@each(COMMANDS)
def test_every_command_answers_help_with_an_example(command: str) -> None:
    code, out, err = many("vi", tuple((name, "--help") for name in COMMANDS))[command, "--help"]
    assert code == 0, err
    assert "Ví dụ: camagent " in out
    assert "--lang" in out


def test_a_command_alone_says_the_same() -> None:
    done = camagent("scan", "--help", "--lang", "vi")
    together = many("vi", tuple((name, "--help") for name in COMMANDS))["scan", "--help"]
    assert (done.returncode, done.stdout) == together[:2]


def test_the_help_of_area_shows_merging_and_applying() -> None:
    output = camagent("area", "--help", "--lang", "en").stdout
    assert "area FILE..." in output and "area apply REVIEWED.xlsx" in output
    assert "--format" in output and "--level" in output


def test_help_names_every_command_in_both_languages() -> None:
    for lang, word in (("vi", "Các lệnh"), ("en", "Commands")):
        done = camagent("--help", "--lang", lang)
        assert done.returncode == 0
        assert word in done.stdout
        assert all(name in done.stdout for name in COMMANDS)


@pytest.mark.parametrize("command", ["--help", "scan --help", "check --help"])
def test_help_loads_nothing_heavy(command: str) -> None:
    code = (
        f"import sys; sys.argv = ['camagent', *{command.split()!r}]\n"
        "from camagent.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stderr.strip().splitlines()[-1] == "[]"


UNNEEDED = ("rich.progress", "rich.table", "camagent.discover.search", "urllib.request", "http.client")


def test_a_check_without_a_terminal_loads_neither_search_nor_bar(tmp_path: Path) -> None:
    code = (
        f"import sys; sys.argv = ['camagent', 'check', {str(CLIP)!r}]\n"
        "from camagent.__main__ import start\n"
        "try: start()\n"
        "except SystemExit: pass\n"
        "import gc\n"
        f"loaded = [name for name in {UNNEEDED!r} if name in sys.modules]\n"
        "print(loaded, gc.get_freeze_count() > 0, gc.get_threshold()[0] < 100_000, file=sys.stderr)"
    )
    folders = {"CAMAGENT_DATA": str(tmp_path), "CAMAGENT_CONFIG_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env=os.environ | folders
    )
    assert done.stderr.strip().splitlines()[-1].endswith("[] True True")


MISTAKES: dict[tuple[str, ...], str] = {
    ("nix",): 'there is no command "nix"',
    (
        "scan",
        "--nix",
    ): "there is no option --nix",
    (
        "scan",
        "--window",
        "0",
    ): "--window",
    (
        "scan",
        "--config",
        "/nonexistent/camagent.toml",
    ): "/nonexistent/camagent.toml: cannot be read",
    (
        "scan",
        "--subnet",
        "300.1.1.1/24",
        "--no-store",
    ): "300.1.1.1/24",
    (
        "scan",
        "--subnet",
        "8.8.8.0/24",
        "--no-store",
    ): "8.8.8.0/24",
    ("check",): "Name at least one target",
    (
        "check",
        "no such file.mp4",
    ): "Target number 1",
    (
        "check",
        "ftp://x/",
    ): "Target number 1",
    (
        "scan",
        "--interface",
        "no-such-card",
        "--profile",
        "khong-co",
    ): "khong-co",
    (
        "check",
        "192.0.2.1",
        "--password-file",
        "/nonexistent",
    ): "--user",
    (
        "check",
        "192.0.2.1",
        "--profile",
        "/nonexistent.toml",
    ): "/nonexistent.toml",
}


@each(tuple(MISTAKES), " ".join)
def test_a_mistake_is_one_clear_line_and_exit_2(arguments: tuple[str, ...]) -> None:
    code, out, err = many("en", tuple(MISTAKES))[arguments]
    assert code == 2, err
    assert MISTAKES[arguments] in err
    assert "Traceback" not in err
    assert out == ""


def test_a_mistake_alone_ends_the_same() -> None:
    done = camagent("scan", "--window", "0", "--lang", "en")
    assert (done.returncode, done.stdout, done.stderr) == many("en", tuple(MISTAKES))["scan", "--window", "0"]


IN_VIETNAMESE = (
    ("scan", "--window", "abc"),
    ("scan", "--window", "1000"),
    ("scan", "--format", "pdf"),
    ("scan", "--config", "/nonexistent/camagent.toml"),
    ("check", "192.0.2.1", "--user", "a", "--password-file", "/nonexistent/password"),
    ("answer", "PRV-NOTICE", "yes", "--expires", "someday"),
)


@each(IN_VIETNAMESE, " ".join)
def test_a_vietnamese_user_reads_vietnamese(arguments: tuple[str, ...]) -> None:
    code, _, err = many("vi", IN_VIETNAMESE)[arguments]
    assert code == 2
    line = err.splitlines()[0]
    assert line.startswith("Lỗi: ")
    assert not [word for word in ("is not", "must", "valid", "cannot", "should", "Invalid") if word in line]


def test_a_password_that_was_typed_is_never_shown() -> None:
    done = camagent("check", "rtsp://admin:hunter2@no such host/", "--lang", "en")
    assert done.returncode == 2
    assert "hunter2" not in done.stderr + done.stdout


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [((0, 0, 3), 0), ((1, 0, 3), 1), ((1, 2, 3), 1), ((0, 1, 3), 3), ((0, 0, 0), 3)],
)
def test_exit_codes_are_the_contracts(verdicts: tuple[int, int, int], code: int) -> None:
    not_ready, undetermined, ready = verdicts
    assert exit_code(not_ready, undetermined, ready) == code


@pytest.mark.parametrize(
    ("arguments", "environment", "lang"),
    [
        (["scan"], {}, "vi"),
        (["scan"], {"LANG": "en_US.UTF-8"}, "en"),
        (["scan"], {"LANG": "C.UTF-8"}, "vi"),
        (["scan"], {"LANG": "en_US.UTF-8", "CAMAGENT_LANG": "vi"}, "vi"),
        (["--lang", "en", "scan"], {"LANG": "vi_VN.UTF-8"}, "en"),
        (["scan", "--lang=en"], {}, "en"),
        (["scan", "--lang", "fr"], {}, "vi"),
    ],
)
def test_the_language_is_the_option_else_the_locale_else_vietnamese(
    arguments: list[str], environment: dict[str, str], lang: str
) -> None:
    assert choose_language(arguments, environment) == lang


def test_the_project_has_no_output_outside_its_folder(tmp_path: Path) -> None:
    done = camagent(
        "credentials", "list", CAMAGENT_DATA=str(tmp_path / "d"), CAMAGENT_CONFIG_DIR=str(tmp_path / "c")
    )
    assert done.returncode == 0
    assert not (tmp_path / "d").exists()


def test_output_that_nobody_reads_is_not_all_ready() -> None:
    command = [sys.executable, "-m", "camagent", "profile", "show", "ubnd-3288"]
    done = subprocess.run(
        ["bash", "-c", '"$@" | true; exit "${PIPESTATUS[0]}"', "-", *command],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0 and b"Traceback" not in done.stderr


def test_the_ladders_of_ports_are_the_configuration_s() -> None:
    config = parse_config(
        {"discovery": {"onvif_ports": [8000, 81], "subnets": ["127.10.9.0/30"]}}, Path("camagent.toml")
    )
    plan = search_plan(config, RunOptions())
    assert plan.onvif_ports == (8000, 81) and plan.rtsp_ports == RTSP_PORTS
    assert search_plan(Config(), RunOptions(subnets=("127.10.9.0/30",))).onvif_ports == ONVIF_SEARCH_PORTS


@pytest.mark.first_case
@pytest.mark.parametrize("option", ["--output", "--record", "--keep-images"])
@pytest.mark.parametrize("command", [("scan", "--subnet", "127.10.9.0/30"), ("check", "127.10.9.1")])
def test_a_folder_that_cannot_be_written_is_told_before_any_work(
    tmp_path: Path, option: str, command: tuple[str, ...]
) -> None:
    (tmp_path / "file").write_text("")
    done = camagent(
        *command, option, str(tmp_path / "file" / "folder"), "--lang", "vi", CAMAGENT_DATA=str(tmp_path)
    )
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.splitlines() == [
        f"Lỗi: {tmp_path}/file/folder: không ghi được (một phần của đường dẫn là tệp, không phải thư mục)"
    ]


@pytest.mark.slow
def test_what_is_no_transcript_is_one_line_in_the_user_s_language(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text("{}")
    for lang, words in (
        ("vi", "không phải tài liệu camagent.transcript/1"),
        ("en", "not a camagent.transcript/1 document"),
    ):
        done = camagent("check", "--replay", str(tmp_path / "t.json"), "--lang", lang)
        assert done.returncode == 2 and words in done.stderr and len(done.stderr.splitlines()) == 1
