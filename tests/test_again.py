"""What runs again, and what does not: a run of its own with tests that say how late the machine was."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CONFTEST = """
import sys
sys.path.insert(0, {root!r})
from tests.again import Again

def pytest_configure(config):
    config.pluginmanager.register(Again(), "again")
"""
TESTS = """
import pytest

ATTEMPTS = []

@pytest.fixture(autouse=True)
def lateness(request, tmp_path):
    (tmp_path / "of this attempt").mkdir()
    ATTEMPTS.append(request.node.name)
    return request.config.pluginmanager.get_plugin("again").lateness

def test_late_once(lateness):
    is_first = ATTEMPTS.count("test_late_once") == 1
    lateness.most_s = 0.3 if is_first else 0.0
    assert not is_first

def test_late_each_time(lateness):
    lateness.most_s = 0.3
    assert False

def test_late_and_good(lateness):
    lateness.most_s = 9.0

def test_sets_the_rest():
    assert ATTEMPTS == ["test_late_once"] * 2 + ["test_late_each_time"] * 3 + [
        "test_late_and_good", "test_sets_the_rest"]
"""
PROMISES = """
def test_late_and_promised(request):
    request.config.pluginmanager.get_plugin("again").lateness.most_s = 0.3
    assert False
"""


@pytest.mark.slow
def test_a_failure_counts_on_a_machine_that_kept_up_and_at_the_third_time(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST.format(root=str(ROOT)))
    (tmp_path / "test_some.py").write_text(TESTS)
    (tmp_path / "test_secrets.py").write_text(PROMISES)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert "2 failed, 3 passed" in done.stdout, done.stdout
    again = [line for line in done.stdout.splitlines() if line.startswith("ran again, kept waiting")]
    times = {
        line.rpartition("::")[2]: line.partition("[")[2].partition("]")[0].count(",") + 1 for line in again
    }
    assert times == {"test_late_once": 1, "test_late_each_time": 2}
