"""Whoever takes over the decoder through a picture finds no file, no socket, no process and no signal
there."""

from __future__ import annotations

import asyncio
import json
import os
import platform
import subprocess
import sys
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest

from camagent.model.fault import Fault
from camagent.observe import decode
from camagent.observe.decode import PicturePool
from camagent.observe.decoder_replies import keep_pictures, read_report
from camagent.observe.picture.opinion import PictureReport
from camagent.simulator.clips import clip_folder
from tests.observe.media.celled_worker import TRIES

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64",
    reason="the intruder knows this kernel's numbers only",
)
HARMLESS = {b"nothing", b"thread"}


def test_an_intruder_gets_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(decode, "WORKER_MODULE", "tests.observe.media.celled_worker")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "removable").write_text("")

    async def work() -> dict[bytes, PictureReport | Fault]:
        async with PicturePool(workers=1) as pool:
            return {name: await pool.judge("h264", [name]) for name in TRIES}

    answers = asyncio.run(work())
    assert {
        name for name, answer in answers.items() if answer == PictureReport(1, 0, None, None, None)
    } == HARMLESS
    assert all(isinstance(answer, PictureReport) for answer in answers.values()), "refused, not killed"
    assert (tmp_path / "removable").exists() and not Path("/tmp/camagent-cell").exists()


def in_cell(code: str, *layers: str) -> str:
    """What a process says that is in a cell of these layers alone; () stands for all."""
    without = [
        f"cell._{layer} = lambda libc: False"
        for layer in ("landlock", "seccomp")
        if layers and layer not in layers
    ]
    lines = [
        "import os, socket, camagent.platform.linux_cell as cell",
        *without,
        "granted = cell.enter()",
        code,
    ]
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, timeout=30, check=False
    )
    return done.stdout.strip() or done.stderr


def test_this_kernel_grants_every_layer() -> None:
    assert in_cell("print(granted)") == "('limits', 'no_new_privs', 'landlock', 'seccomp')"


@pytest.mark.parametrize("layers", [("limits",), ("limits", "landlock"), ("limits", "seccomp")])
@pytest.mark.parametrize("attempt", ["os.open('/etc/passwd', 0)", "socket.socket()", "os.open('/tmp/x', 66)"])
def test_each_layer_alone_keeps_files_and_sockets_away(layers: tuple[str, ...], attempt: str) -> None:
    code = f"try:\n    {attempt}\n    print('got it')\nexcept OSError:\n    print('refused', granted[-1])"
    expected = layers[-1] if len(layers) > 1 else "no_new_privs"
    assert in_cell(code, *layers) == f"refused {expected}"


def test_pictures_nobody_asked_for_are_not_written(tmp_path: Path) -> None:
    assert keep_pictures([b"x"], None) == 0
    assert keep_pictures([b"x", b"y", b"small"], tmp_path / "a") == 2
    assert sorted(os.listdir(tmp_path)) == ["a-1.png", "a-2.png", "a.jpg"]
    with pytest.raises(ValueError):
        read_report(b'{"id": 1, "report": {"decoded": 0, "errors": 0}, "kept": [-1]}')


def test_every_score_can_be_taken_in_the_cell() -> None:
    """A score that loads a module at its first use finds the cell closed, and that of a hazy picture did."""
    index = json.loads((clip_folder() / "index.json").read_text())
    clips = {name: entry for name, entry in index.items() if name.startswith("show_")}

    async def work() -> dict[str, PictureReport | Fault]:
        async with PicturePool() as pool:
            return {name: await pool.judge(entry["codec"], keyframes(entry)) for name, entry in clips.items()}

    faults = {name: answer for name, answer in asyncio.run(work()).items() if isinstance(answer, Fault)}
    assert len(clips) > 15 and not faults


def keyframes(entry: dict[str, Any]) -> list[bytes]:
    data, ends = (clip_folder() / entry["file"]).read_bytes(), list(accumulate(entry["frame_sizes_bytes"]))
    return [data[ends[at] - entry["frame_sizes_bytes"][at] : ends[at]] for at in entry["keyframes"][:2]]
