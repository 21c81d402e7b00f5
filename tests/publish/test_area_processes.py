"""Many files are read by several processes: in order, whatever ends a process, and all stop when asked to."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from camagent.area import processes
from camagent.area.processes import MANY_FILES, in_processes

LIMIT_S = 60.0


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever machine runs this."""
    monkeypatch.setattr(os, "cpu_count", lambda: 2)


def written(folder: Path) -> list[Path]:
    files = [folder / f"{number:03d}" for number in range(MANY_FILES + 9)]
    for number, path in enumerate(files):
        path.write_text(str(number))
    return files


def number_in(path: Path) -> tuple[int, bool]:
    """What stands in the file, and whether a process of its own read it."""
    return int(path.read_text()), multiprocessing.parent_process() is not None


def number_unless_helped(path: Path) -> tuple[int, bool]:
    """A process that reads for another is ended in the middle, as a machine short of memory does."""
    if path.name == "030" and multiprocessing.parent_process() is not None:
        os._exit(9)
    return number_in(path)


def test_other_processes_read_and_the_order_is_that_of_the_files(tmp_path: Path) -> None:
    files = written(tmp_path)
    assert list(in_processes(number_in, files)) == [(number, True) for number in range(len(files))]


def test_few_files_are_read_here(tmp_path: Path) -> None:
    files = written(tmp_path)[: MANY_FILES - 1]
    assert list(in_processes(number_in, files)) == [(number, False) for number in range(len(files))]


def test_a_process_that_is_ended_costs_no_file(tmp_path: Path) -> None:
    files = written(tmp_path)
    answers = list(in_processes(number_unless_helped, files))
    assert [number for number, _ in answers] == list(range(len(files)))
    assert not answers[-1][1]


def test_where_no_process_can_be_started_this_one_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError("no process")

    files = written(tmp_path)
    monkeypatch.setattr(processes, "ProcessPoolExecutor", refuse)
    assert list(in_processes(number_in, files)) == [(number, False) for number in range(len(files))]


SLEEPER = """
import sys, time
from pathlib import Path
from camagent.area.processes import in_processes
from tests.publish.test_area_processes import number_slowly
if __name__ == "__main__":
    print("begun", flush=True)
    try:
        for number in in_processes(number_slowly, sorted(Path(sys.argv[1]).iterdir())):
            print(number, flush=True)
    except KeyboardInterrupt:
        print("stopped", flush=True)
"""


def number_slowly(path: Path) -> int:
    """Far longer for all files than the test waits; the process says which it is."""
    (path.parent.parent / f"pid{os.getpid()}").touch()
    time.sleep(0.05)
    return int(path.read_text())


@pytest.mark.slow
def test_a_ctrl_c_ends_all_without_a_word_of_the_others(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    for number in range(2_000):
        (folder / f"{number:05d}").write_text(str(number))
    asked = subprocess.Popen(
        [sys.executable, "-c", SLEEPER, str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background ignores it
    )
    assert asked.stdout is not None
    assert asked.stdout.readline() == "begun\n"
    assert asked.stdout.readline() == "0\n"
    os.killpg(asked.pid, signal.SIGINT)
    out, error = asked.communicate(timeout=LIMIT_S)
    assert out.endswith("stopped\n") and error == ""
    helpers = [int(path.name.removeprefix("pid")) for path in tmp_path.glob("pid*")]
    assert len(helpers) >= 1
    assert not [pid for pid in helpers if Path(f"/proc/{pid}").exists()]
