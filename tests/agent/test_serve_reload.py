"""SIGHUP on a running `camagent serve`: a wrong configuration is told and refused, and the scraper notices no
gap."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.agent.watched_school import Served, served, simulated_school, write_config
from tests.monitoring.programs import eventually

RELOADED = "camagent_config_last_reload_successful"


def append(text: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        config = folder / "camagent.toml"
        config.write_text(config.read_text() + text)

    return change


def replaced(name: str, content: bytes | None) -> Callable[[Path], None]:
    """Another content for one file; None takes it away."""

    def change(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        if content is not None:
            (folder / name).write_bytes(content)

    return change


def made_a_folder(name: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / name).unlink()
        (folder / name).mkdir()

    return change


def with_web_config(content: bytes) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / "web.yml").write_bytes(content)
        append('web_config = "web.yml"\n')(folder)

    return change


WRONG = {
    "no file": replaced("camagent.toml", None),
    "a folder": made_a_folder("camagent.toml"),
    "not UTF-8": replaced("camagent.toml", b'[site]\nname = "\xff\xfe"\n'),
    "not TOML": append("[[["),
    "no password": replaced("password", None),
    "password is a folder": made_a_folder("password"),
    "password not UTF-8": replaced("password", b"\xff\xfe\x00\x01"),
    "no inventory": replaced("inventory.csv", None),
    "inventory is a folder": made_a_folder("inventory.csv"),
    "inventory is a picture": replaced("inventory.csv", bytes(range(256))),
    "no web-config": append('web_config = "none.yml"\n'),
    "web-config is binary": with_web_config(b"\x00\x01\xff"),
    "web-config without its certificate": with_web_config(
        b"tls_server_config: {cert_file: none.pem, key_file: none.key}\n"
    ),
    "an unknown table": append('[agent2]\nlisten = "nowhere"\n'),
}


@pytest.mark.slow
def test_every_wrong_configuration_is_refused_and_told_in_one_line(tmp_path: Path) -> None:
    with simulated_school((0,)) as school:
        write_config(tmp_path, school)
        with served(tmp_path) as agent:
            eventually(lambda: agent.get("-/ready")[0] == 200, "a first round")
            for name, spoil in WRONG.items():
                before = len(agent.log)
                spoil(tmp_path)
                agent.signal(signal.SIGHUP)
                eventually(lambda: agent.value(RELOADED) == 0, f"a refused reload: {name}")
                eventually(lambda mark=before: len(agent.log) > mark, "a line about it")
                assert not any("Traceback" in line for line in agent.log), (name, agent.log[before:])
                mend(tmp_path)
                write_config(tmp_path, school)
                agent.signal(signal.SIGHUP)
                eventually(lambda: agent.value(RELOADED) == 1, f"a reload after: {name}")
            assert agent.value("camagent_defects_total") == 0
            assert agent.get("-/healthy")[0] == 200


def mend(folder: Path) -> None:
    for name in ("camagent.toml", "password", "inventory.csv"):
        if (folder / name).is_dir():
            (folder / name).rmdir()


@pytest.mark.slow
def test_a_scraper_notices_no_gap_at_a_reload(tmp_path: Path) -> None:
    with simulated_school((0, 3)) as school:
        write_config(tmp_path, school)
        with served(tmp_path) as agent:
            ids = eventually(lambda: agent.camera_ids(school.addresses), "a result document")
            assert isinstance(ids, dict) and len(ids) == 2
            scraped = scraping(agent, reloads=5)
            assert agent.value(RELOADED) == 1 and agent.value("camagent_defects_total") == 0
    assert len(scraped) > 20 and all(set(ids.values()) <= series for series in scraped)


def scraping(agent: Served, reloads: int) -> list[set[str]]:
    """The cameras that every scrape shows while the configuration is read anew."""
    states: list[set[str]] = []
    done = threading.Event()

    def scrape() -> None:
        while not done.is_set():
            states.append({s.labels["camera"] for s in agent.samples() if s.name == "camagent_camera_up"})

    thread = threading.Thread(target=scrape, daemon=True)
    thread.start()
    for number in range(1, reloads + 1):
        agent.signal(signal.SIGHUP)
        eventually(lambda wanted=5 * number: len(states) > wanted, "scrapes after a reload")
    done.set()
    thread.join(60)
    return states
