"""Five questions on a terminal become a configuration that a scan takes, and a log-in that no file shows."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

from camagent.cli.init import Answers, configuration
from camagent.model.operator_error import OperatorError
from camagent.operator_files.config import load_config, parse_config
from camagent.operator_files.credential_file import CredentialStore

PASSWORD = "hunter2-Xq9"


def on_terminal(folder: Path, answers: list[tuple[str, str]]) -> tuple[int, str]:
    """Run `camagent init` on a terminal of its own: each answer is typed when its question stands there."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(CAMAGENT_CONFIG_DIR=str(folder / "config"), CAMAGENT_DATA=str(folder / "data"))
        os.execv(sys.executable, [sys.executable, "-m", "camagent", "init", "--lang", "en"])
    shown, waiting, until = "", list(answers), time.monotonic() + 100
    while time.monotonic() < until:
        if not select.select([terminal], [], [], 0.2)[0]:
            continue
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # the program has gone, and its terminal with it
            break
        if not piece:
            break
        shown += piece.decode()
        if waiting and waiting[0][0] in shown.rpartition("\n")[2]:
            os.write(terminal, (waiting.pop(0)[1] + "\n").encode())
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown


def test_the_answers_become_a_configuration_and_a_log_in(tmp_path: Path) -> None:
    code, shown = on_terminal(
        tmp_path,
        [
            ("Name of the school", 'THCS "Nguyễn Du"'),
            ("Code of the school", "9001"),
            ("Ward", "Phường Gia Định"),
            ("Address ranges", "8.8.8.0/24"),
            ("Address ranges", "127.10.1.0/27, 127.10.2.0/27"),
            ("User name", "giamsat"),
            ("Password", PASSWORD),
            ("Folder", ""),
        ],
    )
    assert code == 0, shown
    assert PASSWORD not in shown
    assert "Not possible" in shown and "8.8.8.0/24" in shown
    path = tmp_path / "config" / "camagent.toml"
    config = load_config(path)
    assert (config.site.name, config.site.id, config.site.area) == (
        'THCS "Nguyễn Du"',
        "9001",
        "Phường Gia Định",
    )
    assert config.discovery.subnets == ("127.10.1.0/27", "127.10.2.0/27")
    assert PASSWORD not in path.read_text(encoding="utf-8")
    assert path.read_text(encoding="utf-8").count("# ") >= 3
    kept = CredentialStore(tmp_path / "data", tmp_path / "config").entries()
    assert [(entry.network, entry.credential.user) for entry in kept] == [
        ("127.10.1.0/27", "giamsat"),
        ("127.10.2.0/27", "giamsat"),
    ]
    assert kept[0].credential.secret.reveal() == PASSWORD


def init(folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "CAMAGENT_CONFIG_DIR": str(folder)}
    command = [sys.executable, "-m", "camagent", "init", "--lang", "en"]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
        stdin=subprocess.DEVNULL,
        check=False,
    )


def test_without_a_terminal_it_refuses_in_one_line(tmp_path: Path) -> None:
    done = init(tmp_path)
    assert done.returncode == 2 and done.stdout == ""
    assert len(done.stderr.splitlines()) == 1 and "terminal" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_exists_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "camagent.toml"
    path.write_text("# mine\n", encoding="utf-8")
    done = init(tmp_path)
    assert done.returncode == 2
    assert str(path) in done.stderr and len(done.stderr.splitlines()) == 1
    assert path.read_text(encoding="utf-8") == "# mine\n"


@pytest.mark.parametrize("name", ['THCS "A" \\ B', "Trường Đường ẵ ị", "x # [site]", "'''", '"""', "{0}"])
def test_every_name_comes_back_as_it_was_typed(name: str) -> None:
    text = configuration(Answers(name, "", name, ("192.168.1.0/24",), Path("/data") / name), "vi")
    config = parse_config(tomllib.loads(text), Path("camagent.toml"))
    assert (config.site.name, config.site.area) == (name, name)
    assert config.agent.data_dir == Path("/data") / name


def test_an_answer_that_is_too_long_is_refused() -> None:
    with pytest.raises(OperatorError):
        configuration(Answers("a" * 201, "", "", (), None), "vi")
