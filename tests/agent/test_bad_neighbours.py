"""A service among devices that want its memory and time goes on watching the others, within its bound."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from tests.agent.bad_peers import bad_neighbours
from tests.agent.watched_school import NETWORK, served, simulated_school, write_config
from tests.monitoring.programs import eventually

MAX_MB = 300  # of the service and its decoder together, whoever is beside it
WATCHED_S = 150.0  # two rounds of a minute, and what the bad ones make of them
DEADLINE_S = 120.0


class Scales(threading.Thread):
    """Weighs a process and its children four times a second: the most that they held together."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.most_mb, self.ended = pid, 0.0, threading.Event()

    def run(self) -> None:
        while not self.ended.wait(0.25):
            self.most_mb = max(self.most_mb, sum(map(held_mb, (self.pid, *children(self.pid)))))


def children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for child in " ".join(map(_content, tasks)).split()]


def held_mb(pid: int) -> float:
    """What the process holds for itself: pages that it shares with others are counted in parts."""
    rows = [row for row in _content(Path(f"/proc/{pid}/smaps_rollup")).splitlines() if row[:4] == "Pss:"]
    return int(rows[0].split()[1]) / 1024 if rows else 0.0


def _content(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # it ended meanwhile
        return ""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_service_watches_the_others_within_its_memory(tmp_path: Path) -> None:
    with simulated_school((0, 3)) as school, bad_neighbours(NETWORK, 50) as bad:
        write_config(tmp_path, school)
        config = (tmp_path / "camagent.toml").read_text().replace("pictures = 0", "pictures = 2")
        (tmp_path / "camagent.toml").write_text(config)
        rows = "".join(f"{name},{place}\n" for name, place in bad.items())
        with (tmp_path / "inventory.csv").open("a", encoding="utf-8") as inventory:
            inventory.write(rows)
        with served(tmp_path) as agent:
            assert agent.process is not None
            scales = Scales(agent.process.pid)
            scales.start()
            eventually(lambda: agent.get("-/ready")[0] == 200, "a first round", DEADLINE_S)
            ids = eventually(lambda: agent.camera_ids(school.addresses), "a result document", DEADLINE_S)
            assert isinstance(ids, dict) and set(ids) == set(school.addresses)
            began_s = time.time()
            eventually(lambda: time.time() - began_s > WATCHED_S, "time to pass", WATCHED_S + 10)
            for key in ids.values():
                assert agent.value("camagent_camera_up", camera=key) == 1
                assert agent.value("camagent_stream_up", camera=key, stream="main") == 1
                checked_s = agent.value("camagent_check_timestamp_seconds", camera=key)
                assert checked_s is not None and checked_s > began_s, "it was watched again among them"
            assert agent.value("camagent_defects_total") == 0
            scales.ended.set()
            print(f"at most {scales.most_mb:.0f} MB")
            assert scales.most_mb < MAX_MB
            agent.stop()
            assert agent.process.returncode == 0
