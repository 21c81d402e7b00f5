"""What we write is whole or not there, for its owner's eyes, and never written through a planted link."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from camagent.model.operator_error import OperatorError
from camagent.platform.private_files import exclusive
from camagent.platform.whole_files import (
    GROUP_READABLE,
    make_data_folder,
    make_folder,
    make_private,
    write_whole,
)
from camagent.store import open_store
from camagent.wire.transcript import Transcript
from tests.refusal import refused

ROOT = Path(__file__).resolve().parents[1]
CLIP = ROOT / "sample_streams" / "blurred_1080p_h264.h264"
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="modes and links of Linux")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def precious(folder: Path) -> Path:
    victim = folder / "victim"
    victim.write_text("precious")
    return victim


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_only_the_owner_reads_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        make_folder(tmp_path / "a" / "b" / "c")
        write_whole(tmp_path / "a" / "b" / "c" / "private", b"x")
        write_whole(tmp_path / "a" / "b" / "c" / "shared", b"x", GROUP_READABLE)
    finally:
        os.umask(before)
    folder = tmp_path / "a" / "b" / "c"
    assert [mode(path) for path in (folder, folder.parent, folder.parent.parent)] == [0o700] * 3
    assert (mode(folder / "private"), mode(folder / "shared")) == (0o600, 0o640)
    assert names(folder) == {"private", "shared"}


def test_a_folder_of_the_operator_keeps_its_rights(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    make_folder(tmp_path)
    assert mode(tmp_path) == 0o755


def hard(link: Path, victim: Path) -> None:
    link.hardlink_to(victim)


def soft(link: Path, victim: Path) -> None:
    link.symlink_to(victim)


@pytest.mark.parametrize("plant", [hard, soft])
def test_a_link_with_the_files_own_name_is_replaced(
    tmp_path: Path, plant: Callable[[Path, Path], None]
) -> None:
    victim, place = precious(tmp_path), tmp_path / "report.html"
    plant(place, victim)
    write_whole(place, b"new")
    assert victim.read_text() == "precious" and place.read_bytes() == b"new" and not place.is_symlink()


def test_a_dangling_link_makes_no_file_elsewhere(tmp_path: Path) -> None:
    place = tmp_path / "report.html"
    place.symlink_to(tmp_path / "elsewhere")
    write_whole(place, b"new")
    assert names(tmp_path) == {"report.html"} and not place.is_symlink()


def test_a_guessed_temporary_name_stops_us_and_nothing_is_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("camagent.platform.whole_files.secrets.token_hex", lambda _: "guessed")
    victim = precious(tmp_path)
    (tmp_path / ".camagent-guessed.new").symlink_to(victim)
    with pytest.raises(FileExistsError):
        write_whole(tmp_path / "report.html", b"new")
    assert victim.read_text() == "precious" and not (tmp_path / "report.html").exists()


@pytest.mark.parametrize("links_to", ["folder", "nowhere"])
def test_a_link_in_place_of_a_folder_is_refused(tmp_path: Path, links_to: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / links_to)
    with pytest.raises(OSError, match="symbolic links"):
        make_folder(tmp_path / "out")
    with pytest.raises(OSError, match="symbolic links"):
        Transcript(None).write(tmp_path / "out", "device")
    assert names(tmp_path) == {"folder", "out"} and not names(tmp_path / "folder")


def test_the_data_folder_may_be_a_link_because_systemd_makes_one(tmp_path: Path) -> None:
    (tmp_path / "private").mkdir()
    (tmp_path / "data").symlink_to(tmp_path / "private")
    make_data_folder(tmp_path / "data")
    open_store(tmp_path / "data" / "camagent.sqlite").close()
    assert mode(tmp_path / "private" / "camagent.sqlite") == 0o600


@pytest.mark.parametrize("kind", ["folder", "pipe", "link to a device"])
def test_what_is_no_file_is_not_replaced(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "report.html"
    if kind == "folder":
        place.mkdir()
    elif kind == "pipe":
        os.mkfifo(place)
    else:
        place.symlink_to("/dev/full")
    before = place.lstat().st_ino
    with pytest.raises(OSError):
        write_whole(place, b"new")
    assert place.lstat().st_ino == before and names(tmp_path) == {"report.html"}


@pytest.mark.parametrize("fails", ["fsync", "replace"])
def test_a_failure_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "full")

    place = tmp_path / "report.html"
    place.write_bytes(b"old")
    monkeypatch.setattr(f"camagent.platform.whole_files.os.{fails}", fail)
    with pytest.raises(OSError, match="full"):
        write_whole(place, b"new")
    assert place.read_bytes() == b"old" and names(tmp_path) == {"report.html"}


def test_a_file_name_as_long_as_the_system_allows(tmp_path: Path) -> None:
    write_whole(tmp_path / ("n" * 255), b"x")
    assert names(tmp_path) == {"n" * 255}


def test_the_store_and_its_side_files_are_private(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        store = open_store(tmp_path / "data" / "camagent.sqlite")
        assert names(tmp_path / "data") >= {"camagent.sqlite", "camagent.sqlite-wal"}
        assert {mode(path) for path in (tmp_path / "data").iterdir()} == {0o600}
        assert mode(tmp_path / "data") == 0o700
        store.close()
    finally:
        os.umask(before)


def test_a_store_that_an_earlier_version_left_open_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "camagent.sqlite"
    open_store(path).close()
    path.chmod(0o644)
    open_store(path).close()
    assert mode(path) == 0o600


def test_a_planted_link_in_place_of_the_store(tmp_path: Path) -> None:
    victim = precious(tmp_path)
    (tmp_path / "camagent.sqlite").symlink_to(victim)
    with refused("a link stands in its place"):
        open_store(tmp_path / "camagent.sqlite")
    assert victim.read_text() == "precious"


def test_a_planted_link_in_place_of_a_side_file(tmp_path: Path) -> None:
    victim = precious(tmp_path)
    for suffix in ("-wal", "-shm", "-journal"):
        (tmp_path / f"camagent.sqlite{suffix}").symlink_to(victim)
    with contextlib.suppress(OperatorError):  # refused is as good
        open_store(tmp_path / "camagent.sqlite").close()
    assert victim.read_text() == "precious"


@pytest.mark.parametrize("door", [make_private, lambda path: exclusive(path).__enter__()])
def test_a_lock_file_is_not_made_through_a_link(tmp_path: Path, door: Callable[[Path], object]) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError):
        door(tmp_path / "lock")
    assert names(tmp_path) == {"lock"}


def camagent(
    folder: Path, *words: str, before: str = "", after: str = ""
) -> subprocess.CompletedProcess[str]:
    """The command as a process; `before` and `after`: shell lines around it, in a mount namespace of its
    own."""
    command = [sys.executable, "-m", "camagent", *words]
    if before:
        command = [
            "unshare",
            "-rm",
            "sh",
            "-ec",
            f'{before}; "$@" || true; {after or "true"}',
            "sh",
            *command,
        ]
    places = {"CAMAGENT_DATA": "data", "CAMAGENT_CONFIG_DIR": "config", "HOME": "home"}
    settings = {name: str(folder / place) for name, place in places.items()}
    settings |= {"PYTHONPATH": str(ROOT), "CAMAGENT_LANG": "en"}
    return subprocess.run(
        command,
        cwd=folder,
        env=os.environ | settings,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


REPORTS = ("camagent.json", "camagent.html", "camagent.csv", "camagent.xlsx")


@pytest.mark.first_case
@pytest.mark.parametrize("option", ["", "--group-readable"])
def test_reports_and_pictures_of_a_check(tmp_path: Path, option: str) -> None:
    out, images = tmp_path / "out", tmp_path / "images"
    words = ["--output", str(out), "--keep-images", str(images), *filter(None, [option])]
    output = camagent(tmp_path, "check", str(CLIP), *words)
    assert names(out) == set(REPORTS), output.stderr
    assert {mode(path) for path in out.iterdir()} == {0o640 if option else 0o600}
    assert mode(out) == (0o750 if option else 0o700)
    assert images.is_dir() and {mode(path) for path in images.iterdir()} == {0o600}


def test_planted_links_around_every_report(tmp_path: Path) -> None:
    out, victim = tmp_path / "out", precious(tmp_path)
    out.mkdir()
    for name in REPORTS:
        (out / name).symlink_to(victim)
        for suffix in (".new", ".tmp", ".part"):
            (out / f"{name}{suffix}").symlink_to(victim)
    output = camagent(tmp_path, "check", str(CLIP), "--output", str(out))
    assert victim.read_text() == "precious"
    assert all((out / name).stat().st_size and not (out / name).is_symlink() for name in REPORTS), (
        output.stderr
    )


def test_an_output_folder_that_is_a_link_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "elsewhere")
    output = camagent(tmp_path, "check", str(CLIP), "--output", str(tmp_path / "out"))
    assert (
        output.returncode == 2
        and "a link stands in its place" in output.stderr
        and "Traceback" not in output.stderr
    )
    assert not names(tmp_path / "elsewhere")


can_mount = pytest.mark.skipif(
    shutil.which("unshare") is None
    or subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode != 0,
    reason="needs a mount namespace",
)
FULL = (
    "mkdir -p {0}; mount -t tmpfs -o size=64k none {0}; head -c 1000000 /dev/zero > {0}/filler 2>/dev/null "
    "|| true"
)


@pytest.mark.slow
@can_mount
def test_a_disk_that_is_full_before_a_scan(tmp_path: Path) -> None:
    output = camagent(
        tmp_path,
        *(
            "scan",
            "--subnet",
            "127.83.1.1/32",
            "--format",
            "json",
            "--output",
            str(tmp_path / "data" / "out"),
        ),
        before=FULL.format(tmp_path / "data"),
    )
    assert "will be shown but not stored" in output.stderr, output.stderr
    assert json.loads(output.stdout)["schema"] == "camagent.scan/1"
    assert "Traceback" not in output.stderr


@pytest.mark.slow
@can_mount
def test_a_disk_that_is_full_leaves_no_half_files(tmp_path: Path) -> None:
    out = tmp_path / "out"
    output = camagent(
        tmp_path,
        *("check", str(CLIP), "--format", "json", "--output", str(out), "--record", str(out)),
        before=FULL.format(out),
        after=f"echo LEFT $(ls -A {out}) >&2",
    )
    assert json.loads(output.stdout)["cameras"], output.stderr
    assert "the disk is full" in output.stderr and "Traceback" not in output.stderr
    assert output.stderr.splitlines()[-1] == "LEFT filler"


@pytest.mark.slow
def test_a_check_without_a_login_leaves_nothing_behind(tmp_path: Path) -> None:
    output = camagent(tmp_path, "check", str(CLIP), "rtsp://127.83.1.2:9/live", "--format", "json")
    assert json.loads(output.stdout)["cameras"], output.stderr
    assert not names(tmp_path)


def test_the_service_leaves_no_dump() -> None:
    code = (
        "from camagent.platform.process import leave_no_dump; leave_no_dump()\n"
        "import ctypes, resource; print(ctypes.CDLL(None).prctl(3), resource.getrlimit(resource.RLIMIT_CORE))"
    )
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False
    )
    assert output.stdout == "0 (0, 0)\n", output.stderr
