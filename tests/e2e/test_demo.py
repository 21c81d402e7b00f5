"""`camagent demo` as a technician types it: the table on the screen, four reports in the folder, exit 0."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

DEMO = ("demo", "--cameras", "6", "--output", "out", "--window", "2")


@pytest.mark.parametrize(
    ("lang", "words"), [("vi", ("Sẵn sàng", "Thay camera")), ("en", ("Ready", "Replace"))]
)
def test_the_demo_does_the_whole_job(lang: str, words: tuple[str, ...], tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "camagent",
            "demo",
            "--cameras",
            "6",
            "--output",
            "out",
            "--window",
            "2",
            "--lang",
            lang,
        ],
        capture_output=True,
        text=True,
        timeout=100,
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert {path.suffix for path in (tmp_path / "out").iterdir()} == {".json", ".html", ".xlsx", ".csv"}
    assert all(word in done.stdout for word in words), done.stdout
    assert "Cổng chính" in done.stdout and "3288/UBND-KT" in done.stdout
    assert str(Path("out") / "camagent.html") in done.stderr
