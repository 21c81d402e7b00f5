"""The portable folder, run by wine from a path with spaces and Vietnamese letters, says what Linux says.

Slow, because every start of the interpreter under wine takes a second: `make test-windows`, not `make test`.
"""

from __future__ import annotations

import gzip
import re
import socket
import subprocess
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.windows import wine

pytestmark = [
    pytest.mark.slow,
    pytest.mark.windows,
    pytest.mark.timeout(900),
    pytest.mark.usefixtures("folder"),
]

KEPT = Path(__file__).parents[1] / "versions" / "0.1.0" / "scan-1.json.gz"


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_help_is_whole_utf8_on_a_pipe_of_the_ansi_code_page(lang: str) -> None:
    done = wine.camagent("--help", "--lang", lang)
    assert done.code == 0
    assert done.out == wine.on_linux("--help", "--lang", lang).stdout
    assert ("Sẵn sàng" in done.out or "sẵn sàng" in done.out) == (lang == "vi")


def test_it_is_the_folder_s_own_camagent_that_runs() -> None:
    assert "Trường Tiểu học số 1" in wine.camagent("--version").out


def test_the_doctor_sees_the_machine_s_adapters_and_says_what_windows_users_can_do() -> None:
    done = wine.camagent("doctor", "--subnet", "127.10.9.0/30", "--lang", "en")
    assert done.code in (0, 1), done.err
    assert "Can this machine find cameras?" in done.out
    assert "timedatectl" not in done.out or "Windows" in done.out
    assert "Open files" not in done.out  # Windows has no such limit


def test_the_area_s_workbook_has_the_same_cells(tmp_path: Path, home: dict[str, str]) -> None:
    source = tmp_path / "camagent.json"
    source.write_bytes(gzip.decompress(KEPT.read_bytes()))
    there, here = tmp_path / "there.xlsx", tmp_path / "here.xlsx"
    arguments = ["area", "--format", "xlsx", "-o"]
    done = wine.camagent(*arguments, wine.windows_path(there), wine.windows_path(source), home=home)
    assert done.code in (0, 1), done.err
    own = {"CAMAGENT_DATA": str(tmp_path / "d"), "CAMAGENT_CONFIG_DIR": str(tmp_path / "c")}
    expected = wine.on_linux(*arguments, str(here), str(source), **own)
    assert expected.returncode == done.code, expected.stderr
    with zipfile.ZipFile(there) as one, zipfile.ZipFile(here) as other:
        assert one.namelist() == other.namelist()
        sheets = [name for name in one.namelist() if name.startswith("xl/worksheets/")]
        assert sheets and all(one.read(name) == other.read(name) for name in sheets)


def test_passwords_are_sealed_for_this_user(home: dict[str, str], tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("Mật khẩu rất riêng 7")
    kept = wine.camagent(
        "credentials",
        "set",
        "10.1.2.0/24",
        "--user",
        "xem",
        "--password-file",
        wine.windows_path(secret),
        home=home,
    )
    assert kept.code == 0, kept.err
    listed = wine.camagent("credentials", "list", home=home)
    assert "10.1.2.0/24\txem" in listed.out and "riêng" not in listed.out
    key = (tmp_path / "config" / "credentials.key").read_bytes()
    assert len(key) > 100  # a Fernet key has 44 characters: this one lies in DPAPI's envelope
    moved = {"CAMAGENT_DATA": str(tmp_path / "data"), "CAMAGENT_CONFIG_DIR": str(tmp_path / "config")}
    elsewhere = wine.on_linux("scan", "--subnet", "127.10.9.0/30", **moved)
    # nobody else opens it
    assert elsewhere.returncode == 2 and "riêng" not in elsewhere.stdout + elsewhere.stderr
    removed = wine.camagent("credentials", "remove", "10.1.2.0/24", home=home)
    assert removed.code == 0


@contextmanager
def serving(home: dict[str, str], config: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`camagent serve` in a console of its own."""
    command = wine.python_command("-m", "camagent", "serve", "--config", wine.windows_path(config))
    process = subprocess.Popen(
        command,
        env=wine.environment(**home),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=30)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def metrics_of(process: subprocess.Popen[bytes], port: int) -> str:
    """The metrics page, once the service answers."""
    give_up_s = time.monotonic() + 240
    while time.monotonic() < give_up_s and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as reply:
                return str(reply.read().decode())
        except OSError:
            time.sleep(0.5)
    return ""


def test_the_agent_serves_metrics(home: dict[str, str], tmp_path: Path) -> None:
    port = free_port()
    config = tmp_path / "camagent.toml"
    config.write_text(
        f'[site]\nid = "79-001"\n[agent]\nlisten = "127.0.0.1:{port}"\n'
        '[discovery]\nsubnets = ["127.10.9.0/30"]\n'
    )
    with serving(home, config) as process:
        assert "camagent_build_info" in metrics_of(process, port)


def test_the_page_is_opened_with_its_link_alone(home: dict[str, str]) -> None:
    """`camagent ui`: the link that it says lets one browser in; who comes without it learns nothing."""
    command = wine.python_command(
        *("-m", "camagent", "ui", "--no-browser", "--no-store", "--subnet", "127.10.9.0/30", "--lang", "en")
    )
    process = subprocess.Popen(
        command,
        env=wine.environment(**home),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        assert process.stderr is not None
        lines = (line.decode("utf-8") for line in process.stderr)
        link = next(match[0] for line in lines if (match := re.search(r"http://\S+token=[\w-]+", line)))
        origin = link.partition("?")[0]
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(origin, timeout=60)
        assert refused.value.code in (401, 403) and b"127.10.9" not in refused.value.read()
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        page = browser.open(link, timeout=60).read().decode("utf-8")
        assert "127.10.9.0/30" in page and "csrf" in page
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(link, timeout=60)  # a link lets in once
    finally:
        wine.end_all(process)


def test_the_scheduled_task_serves_and_keeps_its_words(
    folder: Path, home: dict[str, str], tmp_path: Path
) -> None:
    """What Task Scheduler runs; wine has no scheduler that would run it."""
    port = free_port()
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "camagent.toml").write_text(
        f'[agent]\nlisten = "127.0.0.1:{port}"\n[discovery]\nsubnets = ["127.10.9.0/30"]\n'
    )
    task = [
        *(() if wine.IS_WINDOWS else ("wine",)),
        "cmd",
        "/c",
        "call",
        wine.windows_path(folder / "camagent-serve.cmd"),
        "run",
    ]
    process = subprocess.Popen(task, env=wine.environment(**home), stdin=subprocess.DEVNULL)
    try:
        assert "camagent_build_info" in metrics_of(process, port)
        log = wine.local_app_data() / "camagent" / "serve.log"
        assert f"http://127.0.0.1:{port}/" in log.read_text(encoding="utf-8")
    finally:
        wine.end_all(process)


def test_the_folder_names_the_licences_and_leaves_out_what_is_never_used(folder: Path) -> None:
    text = (folder / "LICENSES.txt").read_text(encoding="utf-8")
    assert "GNU General Public License, version 3" in text
    for package in ("numpy", "av", "cryptography", "opencv", "camagent"):
        assert f"\n{package}" in text.replace("opencv_python_headless", "opencv"), package
    names = [path.name for path in (folder / "python").rglob("*")]
    assert not [name for name in names if name.startswith("opencv_videoio_ffmpeg")]
    assert "Huong-dan.txt" in [path.name for path in folder.iterdir()]
