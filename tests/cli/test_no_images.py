"""No picture is written anywhere unless --keep-images is given: by what commands do, and by what the source
can do."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import zipfile
from contextlib import suppress
from itertools import product
from pathlib import Path

import click
import pytest

from camagent.cli.main import COMMANDS, Commands
from tests.each import slow_but

ROOT = Path(__file__).resolve().parents[2]
CLIP = ROOT / "sample_streams" / "blurred_1080p_h264.h264"
SIGNS = (
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"BM6",
    b"RIFF",
    b"\x00\x00\x00\x01\x65",
    b"data:image/png",
    b"data:image/jp",
)
"""Of PNG, JPEG, GIF, BMP, WebP, an H.264 keyframe, and pictures inside a page."""


def run(folder: Path, *words: str, wait_s: float = 120) -> subprocess.CompletedProcess[str]:
    folders = {"CAMAGENT_DATA": "data", "CAMAGENT_CONFIG_DIR": "config", "TMPDIR": "tmp", "HOME": "home"}
    for name in folders.values():
        (folder / name).mkdir(exist_ok=True)
    return subprocess.run(
        [sys.executable, "-m", "camagent", *words],
        cwd=folder,
        env=os.environ
        | {name: str(folder / place) for name, place in folders.items()}
        | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=wait_s,
        stdin=subprocess.DEVNULL,
        check=False,
    )


def pictures_under(folder: Path) -> set[str]:
    """Files in which, or in whose parts, something begins like a picture."""
    files = set()
    for path in folder.rglob("*"):
        if path.is_file():
            parts = [path.read_bytes()]
            if zipfile.is_zipfile(path):
                with zipfile.ZipFile(path) as archive:
                    parts = [archive.read(name) for name in archive.namelist()]
            if any(sign in part for part, sign in product(parts, SIGNS)):
                files.add(path.relative_to(folder).as_posix())
    return files


@pytest.mark.slow
def test_a_check_that_keeps_everything_else_keeps_no_picture(tmp_path: Path) -> None:
    done = run(tmp_path, "check", str(CLIP), "--output", "out", "--record", "rec", "--format", "json")
    assert done.returncode == 1 and "blurred" in done.stdout
    assert '"luma":' not in done.stdout and '"numbers"' not in done.stdout
    assert list((tmp_path / "out").iterdir()) and pictures_under(tmp_path) == set()
    assert not any(sign.decode("latin-1") in done.stdout for sign in SIGNS[5:])


@pytest.mark.slow
def test_with_keep_images_they_lie_in_that_folder_and_in_the_report_of_this_run(tmp_path: Path) -> None:
    assert run(tmp_path, "check", str(CLIP), "--output", "out", "--keep-images", "kept").returncode == 1
    kept = pictures_under(tmp_path)
    assert {Path(name).suffix for name in kept if name.startswith("kept/")} == {".png", ".jpg"}
    assert {name for name in kept if not name.startswith("kept/")} == {"out/camagent.html"}
    assert {(tmp_path / name).stat().st_mode & 0o077 for name in kept} == {0}
    page = (tmp_path / "out" / "camagent.html").read_text(encoding="utf-8")
    assert page.count('<img src="data:image/jpeg;base64,') == 1
    head = page[: page.index("</header>")]
    assert "--keep-images" in head and "img-src data:" in head

    # The next run did not ask for pictures: those that lie there are not shown again.
    assert run(tmp_path, "check", str(CLIP), "--output", "out").returncode == 1
    page = (tmp_path / "out" / "camagent.html").read_text(encoding="utf-8")
    assert "<img" not in page and "img-src" not in page and "--keep-images" not in page


@pytest.mark.slow
def test_a_report_shows_no_picture_of_an_earlier_run_in_the_same_folder(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    old = tmp_path / "kept" / f"{CLIP.stem}.jpg"
    old.write_bytes(b"\xff\xd8\xff old")
    os.utime(old, (1, 1))
    asked = ("--output", "out", "--keep-images", "kept", "--pictures", "0")
    assert run(tmp_path, "check", str(CLIP), *asked).returncode == 3
    assert "<img" not in (tmp_path / "out" / "camagent.html").read_text(encoding="utf-8")


RUNS: dict[str, tuple[str, ...]] = {
    "init": (),
    "demo": ("--cameras", "1", "--window", "2", "--output", "out"),
    "discover": ("--subnet", "127.77.3.0/30", "--interface", "lo", "--wait", "0.5"),
    "scan": ("--subnet", "127.77.3.0/30", "--interface", "lo", "--output", "out", "--record", "rec"),
    "check": (str(CLIP), "--output", "out", "--record", "rec"),
    "report": ("--output", "again.html"),
    "history": (),
    "area": ("merge", "out/camagent.json", "--output", "area.html"),
    "baseline": ("show", "gate"),
    "camera": ("list",),
    "inventory": ("export", "--output", "list.csv"),
    "answer": ("PHYS-MOUNT", "yes"),
    "serve": ("--listen", "127.77.3.9:19797"),
    "profile": ("show",),
    "credentials": ("list",),
    "doctor": (),
    "explain": ("IMG-FREEZE",),
    "ui": (),
    "simulate": ("--cameras", "1", "--no-discovery"),
    "onvif": ("127.77.3.1", "devicemgmt", "GetDeviceInformation"),
    "assets": ("export", "assets"),
}
"""What each command does here, where nobody answers; a scan of cameras: tests/e2e/test_secrets.py."""
LASTING = ("serve", "simulate", "ui")


@pytest.mark.parametrize("name", slow_but("check", {name: name for name in COMMANDS}))
def test_no_command_writes_a_picture_that_nobody_asked_for(name: str, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    if name in LASTING:
        with suppress(subprocess.TimeoutExpired):
            run(tmp_path, name, *RUNS[name], wait_s=4)
    else:
        done = run(tmp_path, name, *RUNS[name])
        assert "Traceback" not in done.stderr
    assert pictures_under(tmp_path) == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_no_command_keeps_pictures_by_itself(name: str) -> None:
    """The one option that asks for them is empty unless it is given, and nothing in the environment can fill
    it."""
    group = Commands()
    waiting = [group.get_command(click.Context(group), name)]
    while waiting:
        command = waiting.pop()
        assert command is not None
        waiting += command.commands.values() if isinstance(command, click.Group) else ()
        for option in command.params:
            if "image" in (option.name or ""):
                assert option.name == "keep_images" and not option.envvar, command.name
                assert not isinstance(option.default, str | Path) and not option.required


def test_only_the_decoding_process_can_make_a_picture_file() -> None:
    """Encoders and picture writers of av, cv2 and others are named in one place."""
    makers = {"imwrite", "imencode", "to_image", "frombytes", "PhotoImage"}
    places = set()
    for path in (ROOT / "camagent").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            encodes = name == "create" and any(
                isinstance(argument, ast.Constant) and argument.value == "w" for argument in node.args
            )
            if name in makers or encodes:
                places.add(path.name)
    assert places == {"decode_worker.py"}
