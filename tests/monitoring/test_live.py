"""Proof with programs that we did not write: Prometheus, vmagent, vmauth and VictoriaMetrics from Debian."""

from __future__ import annotations

import contextlib
import functools
import json
import math
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain
from pathlib import Path

import bcrypt
import pytest

from camagent.app.service import load_web_config
from tests.agent.watched_school import served, simulated_school, write_config
from tests.monitoring.live import (
    SITE,
    Database,
    ThreadedExporter,
    prometheus,
    school_snapshot,
    threaded_exporter,
)
from tests.monitoring.programs import ROOT, Daemon, daemon, eventually, free_port
from tests.publish.exporter_peers import View, make_certificates

PASSWORD = "hunter2-hunter2-hunter2"
CSV = "site,name,area,city,address\ns9001,THCS Nguyễn Du,Phường Gia Định,Thành phố Hồ Chí Minh,\n"


def scrape_job(port: int, tls: Path | None = None) -> str:
    """A job with the labels that a city gives the school; over TLS and with a password where asked."""
    labels = ", ".join(f'{name}: "{value}"' for name, value in SITE.items())
    job = f"  - job_name: camagent\n    static_configs:\n      - targets: ['127.0.0.1:{port}']\n"
    job += f"        labels: {{{labels}}}\n"
    if tls is not None:
        job += (
            f"    scheme: https\n    tls_config: {{ca_file: {tls}/ca.pem}}\n"
            f"    basic_auth: {{username: prometheus, password: {PASSWORD}}}\n"
        )
    return job


def write_web_config(folder: Path) -> Path:
    make_certificates(folder)
    digest = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(10)).decode()
    path = folder / "web.yml"
    path.write_text(
        "tls_server_config: {cert_file: server.pem, key_file: server.key}\n"
        f"basic_auth_users: {{prometheus: '{digest}'}}\n"
    )
    return path


def test_a_camera_dies_then_the_exporter_and_each_alert_fires(tmp_path: Path) -> None:
    web = load_web_config(write_web_config(tmp_path))
    view = View(school_snapshot(4))
    with (
        threaded_exporter(view, web) as exporter,
        prometheus(tmp_path, scrape_job(exporter.port, tmp_path)) as database,
    ):
        eventually(lambda: database.value('up{job="camagent"}') == 1, "a scrape over TLS with a password")
        eventually(lambda: database.value("site:camagent_camera_up:sum") == 4, "recorded series")
        # a scrape that a busy machine delays by a second is a silent school, for a second
        eventually(lambda: not database.firing("CamagentSchoolSilent"), "a school that speaks")
        assert not database.firing("CamagentCamerasDown")

        first, *others = view.value.cameras
        view.value = replace(view.value, cameras=(replace(first, up=False), *others))
        eventually(lambda: database.firing("CamagentCamerasDown"), "an alert for one camera of four")

        view.value = replace(view.value, cameras=())
        eventually(lambda: database.query("camagent_camera_up") == [], "vanished cameras vanish")

        exporter.die()
        eventually(lambda: database.firing("CamagentSchoolSilent"), "an alert for a silent school")


def test_a_city_finds_its_schools_by_http_sd(tmp_path: Path) -> None:
    """register.py's list, served by any web server, gives the school its labels."""
    with threaded_exporter(View(school_snapshot(1))) as exporter:
        schools = tmp_path / "schools.csv"
        schools.write_text(CSV.rstrip() + f"127.0.0.1:{exporter.port}\n", encoding="utf-8")
        register = [sys.executable, str(ROOT / "monitoring/city/register.py"), "targets", str(schools)]
        made = subprocess.run(register, capture_output=True, check=True, timeout=30)
        (tmp_path / "web").mkdir()
        (tmp_path / "web" / "targets.json").write_bytes(made.stdout)
        handler = functools.partial(QuietHandler, directory=str(tmp_path / "web"))
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            url = f"http://127.0.0.1:{server.server_port}/targets.json"
            job = f"  - job_name: camagent\n    http_sd_configs: [{{url: '{url}', refresh_interval: 1s}}]\n"
            with prometheus(tmp_path, job) as database:
                eventually(lambda: database.value("site:camagent_cameras:count") == 1, "the school")
                (samples,) = database.query("camagent_build_info")
                assert {name: samples["metric"][name] for name in SITE} == SITE
            server.shutdown()


class QuietHandler(SimpleHTTPRequestHandler):
    """A web server that says nothing on the terminal."""

    def log_message(self, format: str, *args: object) -> None:
        pass


@dataclass
class City:
    """A receiver behind vmauth, and the vmagent of one school before it."""

    receiver: Daemon
    receiver_url: str
    vmagent: Daemon
    vmagent_url: str
    database: Database

    def times_s(self, series: str) -> list[float]:
        """When samples of a series were taken."""
        lines = self.database.get("/api/v1/export", **{"match[]": series}).splitlines()
        return sorted(
            at / 1000 for at in chain.from_iterable(json.loads(line)["timestamps"] for line in lines)
        )


@contextlib.contextmanager
def city(folder: Path, exporter: ThreadedExporter) -> Iterator[City]:
    """vmagent -> vmauth (configured by register.py) -> VictoriaMetrics, all on loopback."""
    receiver_port, auth_port, agent_port = free_port(), free_port(), free_port()
    (folder / "schools.csv").write_text(CSV, encoding="utf-8")
    (folder / "passwords").mkdir()
    (folder / "passwords" / "s9001").write_text(PASSWORD)
    (folder / "password").write_text(PASSWORD)
    receiver_url = f"http://127.0.0.1:{receiver_port}"
    made = subprocess.run(
        [sys.executable, str(ROOT / "monitoring/city/register.py"), "vmauth"]
        + [str(folder / "schools.csv"), str(folder / "passwords"), receiver_url],
        capture_output=True,
        check=True,
        timeout=30,
    )
    (folder / "vmauth.yml").write_bytes(made.stdout)
    scrape = (ROOT / "monitoring/school/vmagent.yml").read_text(encoding="utf-8")
    scrape = scrape.replace("127.0.0.1:9797", f"127.0.0.1:{exporter.port}")
    scrape = scrape.replace("scrape_interval: 60s", "scrape_interval: 1s").replace(
        "timeout: 10s", "timeout: 1s"
    )
    (folder / "vmagent.yml").write_text(scrape, encoding="utf-8")
    receiver = [
        "victoria-metrics",
        f"-storageDataPath={folder}/vm",
        f"-httpListenAddr=127.0.0.1:{receiver_port}",
        "-search.latencyOffset=0s",
        "-memory.allowedBytes=128MB",
    ]
    vmauth = ["vmauth", f"-auth.config={folder}/vmauth.yml", f"-httpListenAddr=127.0.0.1:{auth_port}"]
    vmagent = [
        "vmagent",
        f"-promscrape.config={folder}/vmagent.yml",
        f"-remoteWrite.url=http://127.0.0.1:{auth_port}/api/v1/write",
        "-remoteWrite.basicAuth.username=s9001",
        f"-remoteWrite.basicAuth.passwordFile={folder}/password",
        f"-remoteWrite.tmpDataPath={folder}/queue",
        "-remoteWrite.queues=1",
        "-remoteWrite.flushInterval=1s",
        "-memory.allowedBytes=32MB",
        f"-httpListenAddr=127.0.0.1:{agent_port}",
    ]
    with (
        daemon(receiver, folder / "vm.log", f"{receiver_url}/health") as running,
        daemon(vmauth, folder / "vmauth.log", f"http://127.0.0.1:{auth_port}/health"),
        daemon(vmagent, folder / "vmagent.log", f"http://127.0.0.1:{agent_port}/health") as agent,
    ):
        yield City(running, receiver_url, agent, f"http://127.0.0.1:{agent_port}", Database(receiver_url))


def test_a_school_cannot_speak_for_another(tmp_path: Path) -> None:
    spoof = "      - target_label: site\n        replacement: s7777\n"
    with threaded_exporter(View(school_snapshot(2))) as exporter, city(tmp_path, exporter) as receiver:
        config = tmp_path / "vmagent.yml"
        honest = config.read_text(encoding="utf-8")
        config.write_text(honest.replace("    relabel_configs:\n", f"    relabel_configs:\n{spoof}"))
        receiver.vmagent.stop()
        receiver.vmagent.start(f"{receiver.vmagent_url}/health")
        school = Database(receiver.vmagent_url)
        eventually(lambda: b"s7777" in school.get("/api/v1/targets"), "a school that lies")
        samples = eventually(lambda: receiver.database.query("camagent_build_info"), "metrics at the city")
        assert isinstance(samples, list)
        labels = samples[0]["metric"]
        assert {name: labels[name] for name in SITE} == SITE
        assert receiver.database.query('camagent_build_info{site="s7777"}') == []
        eventually(lambda: len(receiver.times_s('camagent_build_info{site="s9001"}')) > 3, "samples")
        assert receiver.times_s('camagent_build_info{site="s7777"}') == []


@pytest.mark.slow
def test_vmagent_bridges_an_outage_with_a_restart(tmp_path: Path) -> None:
    with threaded_exporter(View(school_snapshot(2))) as exporter, city(tmp_path, exporter) as receiver:
        series = 'camagent_build_info{site="s9001"}'
        eventually(lambda: len(receiver.times_s(series)) >= 3, "samples before the outage")
        receiver.receiver.stop()
        outage_began_s = time.time()
        time.sleep(3)
        stopping_s = time.time()
        receiver.vmagent.stop()
        receiver.vmagent.start(f"{receiver.vmagent_url}/health")
        restarted_s = time.time()
        time.sleep(5)
        outage_ended_s = time.time()
        receiver.receiver.start(f"{receiver.receiver_url}/health")

        def came(since_s: float, until_s: float) -> list[float]:
            return [at for at in receiver.times_s(series) if since_s < at < until_s]

        eventually(lambda: came(outage_ended_s + 1, math.inf), "samples after the outage")
        eventually(lambda: came(outage_began_s, stopping_s), "samples of the outage before the restart")
        eventually(lambda: came(restarted_s, outage_ended_s), "samples of the outage after the restart")


@pytest.mark.slow
def test_a_simulated_school_is_scraped_and_its_dead_camera_raises_the_alert(tmp_path: Path) -> None:
    """The whole chain: simulated cameras, `camagent serve` with TLS and password, Prometheus, rules,
    alert."""
    with simulated_school((0, 0, 3)) as school:
        write_config(tmp_path, school)
        web = write_web_config(tmp_path)
        config = tmp_path / "camagent.toml"
        config.write_text(config.read_text().replace("[agent]", f'[agent]\nweb_config = "{web.name}"'))
        with served(tmp_path) as agent:
            port = int(agent.url.rstrip("/").rpartition(":")[2])
            with prometheus(tmp_path, scrape_job(port, tmp_path)) as database:
                eventually(lambda: database.value("site:camagent_cameras:count") == 3, "three cameras")
                eventually(lambda: database.value("site:camagent_camera_up:sum") == 3, "all up")
                school.die(1)
                eventually(lambda: database.firing("CamagentCamerasDown"), "the alert", 150)
                assert database.value("site:camagent_camera_down:sum") == 1
                agent.stop()
                eventually(lambda: database.firing("CamagentSchoolSilent"), "the silent school")


def test_the_status_page_in_a_browser(tmp_path: Path) -> None:
    """Headless Chromium renders it without a complaint, in both languages, and nothing is loaded from
    elsewhere."""
    with threaded_exporter(View(school_snapshot(3))) as exporter:
        for lang, words in (("vi", ("Tình trạng camera", "Sẵn sàng")), ("en", ("Camera status", "Ready"))):
            output = subprocess.run(
                [
                    "chromium",
                    "--headless",
                    "--no-sandbox",
                    "--disable-gpu",
                    "--disable-quic",
                    "--no-first-run",
                ]
                + ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
                + [f"--user-data-dir={tmp_path}/{lang}", "--enable-logging=stderr", "--dump-dom"]
                + [f"http://127.0.0.1:{exporter.port}/?lang={lang}"],
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert all(word in output.stdout for word in words), output.stderr[-2000:]
            assert "Content Security Policy" not in output.stderr
