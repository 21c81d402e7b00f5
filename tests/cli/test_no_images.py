"""No picture is written anywhere unless --keep-images is given: by what commands do, and by what the source
can do."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import zipfile
from itertools import product
from pathlib import Path

import click
import pytest

from camagent.cli.main import COMMANDS, Commands

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


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
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
        timeout=120,
        check=False,
    )


def pictures_under(folder: Path) -> set[str]:
    """Files in which, or in whose parts, something begins like a picture."""
    found = set()
    for path in folder.rglob("*"):
        if path.is_file():
            parts = [path.read_bytes()]
            if zipfile.is_zipfile(path):
                with zipfile.ZipFile(path) as archive:
                    parts = [archive.read(name) for name in archive.namelist()]
            if any(sign in part for part, sign in product(parts, SIGNS)):
                found.add(path.relative_to(folder).as_posix())
    return found


def test_a_check_that_keeps_everything_else_keeps_no_picture(tmp_path: Path) -> None:
    done = run(tmp_path, "check", str(CLIP), "--output", "out", "--record", "rec", "--format", "json")
    assert done.returncode == 1 and "blurred" in done.stdout
    assert '"luma":' not in done.stdout and '"numbers"' not in done.stdout
    assert list((tmp_path / "out").iterdir()) and pictures_under(tmp_path) == set()
    assert not any(sign.decode("latin-1") in done.stdout for sign in SIGNS[5:])


def test_with_keep_images_they_lie_in_that_folder_only_and_are_the_operators(tmp_path: Path) -> None:
    assert run(tmp_path, "check", str(CLIP), "--output", "out", "--keep-images", "kept").returncode == 1
    kept = pictures_under(tmp_path)
    assert kept and all(name.startswith("kept/") for name in kept)
    assert {(tmp_path / name).stat().st_mode & 0o077 for name in kept} == {0}


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
