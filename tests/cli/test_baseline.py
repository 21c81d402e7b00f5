"""`camagent baseline`: the reference of a camera's picture, shown and made anew; words and numbers, never a
picture."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from camagent.model.earlier_runs import MemoryChange, SeenPicture
from camagent.model.expected import DeviceWords, ExpectedCamera
from camagent.model.stream import PictureNumbers
from camagent.store import open_store

NOW = PictureNumbers(bytes((100,) * 1792), bytes((52,) * 112), 1.0, -2.0, 0.81, infrared=False)


@pytest.fixture(autouse=True)
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMAGENT_DATA", str(tmp_path))
    monkeypatch.setenv("CAMAGENT_CONFIG_DIR", str(tmp_path))


def run(*words: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "camagent", *words, "--lang", "en"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_a_camera_without_a_reference_is_one_line() -> None:
    for verb in ("show", "accept"):
        code, output = run("baseline", verb, "cam-9")
        assert code == 2 and "no reference of camera cam-9" in output


def test_shown_and_accepted(tmp_path: Path) -> None:
    with open_store(tmp_path / "camagent.sqlite") as store:
        picture = SeenPicture("cam-1", NOW, sound=False)
        at = datetime(2026, 11, 28, 1, tzinfo=UTC)
        words = ("s-1", "Cổng chính", "192.0.2.7", None, DeviceWords(), at)
        store.remember(MemoryChange(pictures=(picture,), expected=(ExpectedCamera("cam-1", *words),)), at)
    for camera in ("cam-1", "192.0.2.7", "cổng chính"):
        assert "Last check, 28/11/2026" in run("baseline", "show", camera)[1], camera
    assert "Last check, 28/11/2026 08:00: luma 100, detail 5.2" in run("baseline", "show", "cam-1")[1]
    code, output = run("baseline", "accept", "Cổng chính")
    assert code == 0 and "Reference by day" in output
    with open_store(tmp_path / "camagent.sqlite") as store:
        assert store.references() == {"cam-1": (NOW,)}
