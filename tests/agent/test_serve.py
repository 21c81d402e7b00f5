"""`camagent serve` as a process, on a simulated school: start, reload, stop, restart."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from camagent.simulator.rtsp_connection import ServedConnection
from tests.agent.watched_school import PASSWORD, Served, served, simulated_school, write_config
from tests.monitoring.programs import eventually

DEADLINE_S = 60.0


@pytest.mark.slow  # the minute check has to come round to notice the dead camera
def test_the_life_of_a_service(tmp_path: Path) -> None:
    with simulated_school((0, 3)) as school:
        write_config(tmp_path, school)
        with served(tmp_path) as agent:
            assert agent.get("-/healthy")[0] == 200
            eventually(lambda: agent.get("-/ready")[0] == 200, "a first round", DEADLINE_S)
            ids = eventually(lambda: agent.camera_ids(school.addresses), "a result document", DEADLINE_S)
            assert isinstance(ids, dict) and set(ids) == set(school.addresses)
            for key in ids.values():
                assert agent.value("camagent_camera_up", camera=key) == 1
                assert agent.value("camagent_stream_up", camera=key, stream="main") == 1
                assert agent.value("camagent_check_timestamp_seconds", camera=key) == pytest.approx(
                    time.time(), abs=60
                )
            assert agent.value("camagent_defects_total") == 0
            for page in ("", "metrics", "api/v1/scan"):
                assert PASSWORD.encode() not in agent.get(page)[1]

            config = (tmp_path / "camagent.toml").read_text()
            (tmp_path / "camagent.toml").write_text(config + "\n[nonsense]\n")
            agent.signal(signal.SIGHUP)
            eventually(lambda: agent.value("camagent_config_last_reload_successful") == 0, "a refused reload")
            (tmp_path / "camagent.toml").write_text(config)
            agent.signal(signal.SIGHUP)
            eventually(lambda: agent.value("camagent_config_last_reload_successful") == 1, "a reload")

            agent.stop()
            assert agent.process is not None and agent.process.returncode == 0
            assert not any(PASSWORD in line for line in agent.log)
            assert any("nonsense" in line for line in agent.log)

        school.die(0)
        again = Served(tmp_path)
        try:
            again.start()
            assert again.get("-/ready")[0] == 200, "the state survives a restart"
            assert again.camera_ids(school.addresses) == ids
            assert again.value("camagent_camera_verdict", camera=ids[school.addresses[1]]) is not None
            dead = ids[school.addresses[0]]
            eventually(
                lambda: again.value("camagent_camera_up", camera=dead) == 0, "the dead camera", 2 * DEADLINE_S
            )
            assert again.value("camagent_camera_up", camera=ids[school.addresses[1]]) == 1
        finally:
            again.stop()
            assert again.process is not None and again.process.returncode == 0


@pytest.mark.slow
def test_stopping_in_the_middle_of_a_stream_is_quick_and_tears_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torn_down: list[object] = []
    answer = ServedConnection._on_teardown

    def remember(connection: ServedConnection, *arguments: object) -> object:
        torn_down.append(connection)
        return answer(connection, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(ServedConnection, "_on_teardown", remember)
    with simulated_school((0,)) as school:
        write_config(tmp_path, school)
        config = tmp_path / "camagent.toml"
        config.write_text(config.read_text().replace("window_s = 2", "window_s = 60"))
        rtsp = school.school.running[0].rtsp
        assert rtsp is not None
        with served(tmp_path) as agent:
            eventually(
                lambda: any(c.line is not None for c in tuple(rtsp.connections)), "a session", DEADLINE_S
            )
            assert not torn_down
            agent.stop()
            assert agent.process is not None and agent.process.returncode == 0
        eventually(lambda: torn_down, "TEARDOWN")


@pytest.mark.first_case
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("listen =", "listne ="), "agent.listne"),
        (('"127.0.0.1:0"', '"127.0.0.1"'), "not an address and port"),
        (('"127.0.0.1:0"', '"192.0.2.1:80"'), "cannot listen on 192.0.2.1:80"),
        (("[agent]", '[agent]\nweb_config = "none.yml"'), "none.yml: cannot be read"),
        (('"password"', '"nowhere"'), "nowhere"),
        (("[check]", '[check]\nprofile = "no-such"'), "no-such"),
    ],
)
def test_a_wrong_configuration_is_one_line_and_exit_2(
    tmp_path: Path, change: tuple[str, str], sentence: str
) -> None:
    with simulated_school((0,)) as school:
        write_config(tmp_path, school)
    config = tmp_path / "camagent.toml"
    config.write_text(config.read_text().replace(*change))
    agent = Served(tmp_path)
    with pytest.raises(AssertionError) as failure:
        agent.start()
    assert agent.process is not None and agent.process.wait(60) == 2
    complaints = [line for line in str(failure.value).splitlines() if line.startswith("Error:")]
    assert any(sentence in line for line in complaints), agent.log
    assert not any("Traceback" in line for line in agent.log)
