"""The guide's hour walked again: the same commands end in the same way and name the same cameras."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from guide.screens import PAGES, ROOT, Screen, read_screens

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(os.geteuid() != 0, reason="a network of its own needs root rights"),
]


def test_the_screens_are_what_the_commands_show_today() -> None:
    """Not the wording of measurements: two runs on two machines differ in the last digit."""
    done = subprocess.run(
        [sys.executable, "-m", "guide", "--show", "en"],
        capture_output=True,
        text=True,
        timeout=800,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    today = [Screen(**row) for row in json.loads(done.stdout)]
    page = read_screens(PAGES["en"].read_text(encoding="utf-8"))
    assert [(s.name, s.command, s.exit_code) for s in today] == [
        (s.name, s.command, s.exit_code) for s in page
    ]
    for now, then in zip(today, page, strict=True):
        assert now.addresses == then.addresses, now.name
