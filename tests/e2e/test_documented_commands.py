"""Every command that the READMEs and docs/ print is run as printed, in a network of its own with a school in
it.

Only what names somebody's own network is changed: SCHOOL says into what. Commands that set up this checkout
are CI's own (NOT_HERE).
"""

from __future__ import annotations

import gzip
import json
import lzma
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from camagent.cli.demo import simulated_school
from tests.discover.network import Network

ROOT = Path(__file__).resolve().parents[2]
PAGES = (ROOT / "README.md", ROOT / "README.vi.md", *sorted((ROOT / "docs").rglob("*.md")))
WORDS = ("camagent", "make", "uv", "pipx", "apt-get", "systemctl", "sudo", "dpkg", "podman")
NOT_HERE = {
    "make demo": "CI runs it in a fresh clone",
    "make test": "it runs this test's folder",
    "make test-all": "it runs this test",
    "camagent init": "tests/cli/test_init.py answers its questions at a terminal",
    "make install": "tests/e2e/test_wheel.py installs the same wheel into an environment of its own",
    "make deb": "make test-deb runs it",
    "make test-deb": "needs minutes and a mirror; a target of its own",
    "make windows": "make test-windows runs it",
    "make windows-needs": "CI runs it",
    "make test-windows": "CI runs it",
    "dpkg -i dist/camagent_*.deb": "tests/packaging/life.sh",
    "systemctl enable --now camagent": "needs systemd as process 1; tests/systemd has the unit analysed",
}
SCHOOL = (
    ("rtsp://192.168.1.64:554/stream1", "rtsp://127.10.1.1:8554/Streaming/Channels/101"),
    ("192.168.1.64", "127.10.1.1"),
    ("192.168.1.0/24", "127.10.1.0/28"),
)
FINE = (0, 1, 3)
"""2 is a wrong command line or file: what the page prints would not work."""
CONFIGURATION = """[site]
id = "9001"
name = "THCS Nguyễn Du"
area = "Phường Gia Định"
[discovery]
subnets = ["127.10.1.0/28"]
"""
"""What `camagent init` writes here."""


def commands() -> Iterator[tuple[str, str]]:
    """Page and command of every fenced or indented block."""
    for page in PAGES:
        fenced = False
        for line in page.read_text(encoding="utf-8").splitlines():
            if line.startswith("```"):
                fenced = not fenced
            words = line.strip().removeprefix("$ ")
            if (fenced or line.startswith("    ")) and re.match(rf"({'|'.join(WORDS)}) (?!--\()", words):
                yield page.name, re.sub(r"\s+#\s.*", "", words)


def unique() -> list[str]:
    """Each command once, in the order of the pages; both READMEs print the same ones."""
    return list(dict.fromkeys(command for _, command in commands()))


def test_both_readmes_print_the_same_commands() -> None:
    by_page = {name: [c for page, c in commands() if page == name] for name in ("README.md", "README.vi.md")}
    assert by_page["README.md"] == by_page["README.vi.md"] and len(by_page["README.md"]) > 10


def test_every_command_is_run_here_or_somewhere_else() -> None:
    for command in unique():
        assert command.startswith("camagent ") or command in NOT_HERE, command


def on_page(command: str) -> str:
    """The command for the school at hand; the service is ended after some seconds."""
    for theirs, ours in SCHOOL:
        command = command.replace(theirs, ours)
    if command.startswith(("camagent serve", "camagent ui")):
        return f"timeout --preserve-status -s TERM 15 {command}"
    return command


def prepare(folder: Path) -> None:
    """What a reader has at hand before the first command."""
    (folder / "camagent.toml").write_text(CONFIGURATION, encoding="utf-8")
    rows = "".join(f"{name},127.10.1.{n}\n" for n, name in enumerate(("Cổng chính", "Sân", "Kho", "Bếp"), 1))
    (folder / "camera.csv").write_text(f"name,address\n{rows}", encoding="utf-8")
    clip = ["ffmpeg", "-loglevel", "error", "-f", "lavfi", "-i", "testsrc=size=640x360:rate=25:duration=4"]
    subprocess.run([*clip, folder / "clip.mp4"], check=True, timeout=60)


def follow(folder: Path, command: str) -> None:
    """Files that the reader makes between two commands: results of other schools, a reviewed list."""
    result = folder / "ket-qua" / "camagent.json"
    if command.startswith("camagent scan ") and result.exists():
        (folder / "ket-qua-cac-truong").mkdir(exist_ok=True)
        shutil.copy(result, folder / "ket-qua-cac-truong")
        (folder / "truong-xa.json.gz").write_bytes(gzip.compress(result.read_bytes()))
        backdate(folder / "data" / "camagent.sqlite")
    listed = re.match(r"camagent area .* -o (\S+\.xlsx)$", command)
    if listed:
        review(folder / listed[1], folder / "danh-muc-da-duyet.xlsx")


def backdate(store: Path) -> None:
    """A scan of last January beside today's: what --compare hk1 asks for."""
    day = f"{datetime.now(UTC).year}-01-10T03:00:00Z"
    kept = "finished_at, profile_id, profile_digest, ready, not_ready, undetermined"
    with closing(sqlite3.connect(store)) as connection, connection:
        ((packed,),) = connection.execute("SELECT document FROM scan ORDER BY id LIMIT 1").fetchall()
        document = json.loads(lzma.decompress(packed)) | {"started_at": day, "finished_at": day}
        query = f"INSERT INTO scan (id, started_at, document, {kept}) SELECT id - 1, ?, ?, {kept} FROM scan"
        connection.execute(
            f"{query} ORDER BY id LIMIT 1", (day, lzma.compress(json.dumps(document).encode()))
        )


def review(blank: Path, reviewed: Path) -> None:
    """The list with every row agreed to; the row above the header says which column is which."""
    book: Any = openpyxl.load_workbook(blank)
    for sheet in book:
        column: dict[str, int] = {}
        for row in sheet.iter_rows():
            names = {cell.value: cell.column for cell in row if isinstance(cell.value, str)}
            if names.keys() >= {"decision", "id"}:
                column = names
            elif column and "/" in str(sheet.cell(row[0].row, column["id"]).value):
                sheet.cell(row[0].row, column["decision"]).value = "Agreed"
    book.save(reviewed)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(os.geteuid() != 0, reason="a network of its own needs root rights")
def test_every_printed_command_works(tmp_path: Path) -> None:
    prepare(tmp_path)
    network = Network()
    network.run("link set lo multicast on")
    network.run("route add 224.0.0.0/4 dev lo")
    problems = []
    try:
        with network.inside(), simulated_school(4) as ready:
            environment = {
                "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
                "CAMAGENT_DATA": str(tmp_path / "data"),
                "CAMAGENT_CONFIG_DIR": str(tmp_path),
                "CAMAGENT_PASSWORD": str(ready["password"]),
                "CAMAGENT_LANG": "en",
            }
            for command in unique():
                if command in NOT_HERE:
                    continue
                done = subprocess.run(
                    ["sh", "-c", on_page(command)],
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    text=True,
                    cwd=tmp_path,
                    env=environment,
                    timeout=240,
                    check=False,
                )
                follow(tmp_path, command)
                if done.returncode not in FINE:
                    problems.append(f"{command}: {done.returncode} {done.stderr[-400:]}")
    finally:
        network.close()
    assert not problems, "\n".join(problems)
