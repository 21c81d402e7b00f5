"""No password reaches any output: screen, debug log, reports, record of the machine, transcripts, process
list."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from camagent.cli.demo import simulated_school

USER = "camagent"


def forms(password: str) -> list[bytes]:
    """Every form in which a password could stand in an output."""
    basic = base64.b64encode(f"{USER}:{password}".encode()).decode()
    return [
        form.encode()
        for form in (password, quote(password, safe=""), basic, base64.b64encode(password.encode()).decode())
    ]


def contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in folder.rglob("*"):
        if path.is_file():
            yield str(path), path.read_bytes()
            if zipfile.is_zipfile(path):
                with zipfile.ZipFile(path) as archive:
                    yield from ((f"{path}!{name}", archive.read(name)) for name in archive.namelist())


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path, str, list[bytes]]]:
    folder = tmp_path_factory.mktemp("secrets")
    with simulated_school(4) as ready:
        password = str(ready["password"])
        secret_file = folder / "given" / "password"
        secret_file.parent.mkdir()
        secret_file.write_text(password + "\n", encoding="utf-8")
        config = folder / "camagent.toml"
        config.write_text(
            f'[[credential]]\naddress = "127.10.0.0/16"\nuser = "{USER}"\npassword_file = "{secret_file}"\n'
            "[check]\nwindow_s = 2\n",
            encoding="utf-8",
        )
        arguments = [
            "scan",
            "--trust-new",
            "--config",
            str(config),
            "--subnet",
            "127.10.1.0/29",
            "--interface",
            "lo",
        ]
        arguments += ["--output", str(folder / "out"), "--record", str(folder / "record"), "--format", "json"]
        process = subprocess.Popen(
            [sys.executable, "-X", "dev", "-m", "camagent", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={
                "PATH": os.environ["PATH"],
                "CAMAGENT_LOG": "DEBUG",
                "CAMAGENT_DATA": str(folder / "data"),
                "CAMAGENT_CONFIG_DIR": str(folder / "keys"),
            },
        )
        command_lines: list[bytes] = []
        command_lines.append(Path(f"/proc/{process.pid}/cmdline").read_bytes())
        command_lines.append(Path(f"/proc/{process.pid}/environ").read_bytes())
        out, err = process.communicate(timeout=100)
        assert process.returncode in (0, 1, 3), err.decode()
        yield password, folder, (out + err).decode(), command_lines


def test_the_scan_did_log_in_and_see_video(run: tuple[str, Path, str, list[bytes]]) -> None:
    _, folder, _, _ = run
    text = (folder / "out" / "camagent.json").read_text(encoding="utf-8")
    assert '"rtp_packets"' in text
    assert list((folder / "record").glob("*.json"))
    assert list((folder / "data").glob("*.sqlite"))


def test_no_output_holds_the_password_in_any_form(run: tuple[str, Path, str, list[bytes]]) -> None:
    password, folder, screen, command_lines = run
    written = {name: data for name, data in contents(folder) if "/given/" not in name}
    written["screen"] = screen.encode()
    written["process list"] = b"".join(command_lines)
    leaks = [name for name, data in written.items() if any(form in data for form in forms(password))]
    assert not leaks


def test_no_output_holds_an_authorization(run: tuple[str, Path, str, list[bytes]]) -> None:
    _, folder, screen, _ = run
    for name, data in [*contents(folder), ("screen", screen.encode())]:
        if "/given/" not in name:
            assert b'response="' not in data.lower(), name
            assert b"cnonce" not in data.lower(), name


def test_no_picture_is_kept_unless_asked_for(run: tuple[str, Path, str, list[bytes]]) -> None:
    _, folder, _, _ = run
    for name, data in contents(folder):
        assert not data.startswith((b"\x89PNG", b"\xff\xd8\xff")), name
