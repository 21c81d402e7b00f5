"""The way without VictoriaMetrics: a school's Prometheus agent writes to the city's Prometheus, as
shipped."""

from __future__ import annotations

import base64
import contextlib
import json
import re
import ssl
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import bcrypt

from tests.monitoring.live import Database, quick_rules, school_snapshot, threaded_exporter
from tests.monitoring.programs import ROOT, daemon, eventually, free_port
from tests.publish.exporter_peers import View, make_certificates

PASSWORD = "hunter2-hunter2-hunter2"
SECOND = "scrape_interval: 1s"


@contextlib.contextmanager
def receiver(folder: Path) -> Iterator[tuple[Database, str]]:
    """monitoring/city/prometheus.yml as a receiver of remote writes; asked without TLS, written to with
    it."""
    quick_rules(folder)
    text = (ROOT / "monitoring/city/prometheus.yml").read_text(encoding="utf-8")
    text = text.replace("/etc/prometheus/camagent", f"{folder}/camagent").replace(
        "scrape_interval: 60s", SECOND
    )
    text = text.replace("evaluation_interval: 60s", "evaluation_interval: 1s").partition("scrape_configs:")[0]
    (folder / "city.yml").write_text(text, encoding="utf-8")
    port = free_port()
    arguments = ["prometheus", f"--config.file={folder}/city.yml", f"--storage.tsdb.path={folder}/city"]
    arguments += [
        f"--web.listen-address=127.0.0.1:{port}",
        "--web.enable-remote-write-receiver",
        "--log.level=warn",
    ]
    url = f"http://127.0.0.1:{port}"
    with daemon(arguments, folder / "city.log", f"{url}/-/ready"):
        yield Database(url), f"{url}/api/v1/write"


@contextlib.contextmanager
def school(folder: Path, exporter_port: int, write_to: str, label: str = "s9001") -> Iterator[None]:
    """monitoring/school/prometheus-agent.yml with its addresses put in."""
    (folder / "password").write_text(PASSWORD)
    text = (ROOT / "monitoring/school/prometheus-agent.yml").read_text(encoding="utf-8")
    text = text.replace("127.0.0.1:9797", f"127.0.0.1:{exporter_port}").replace(
        "scrape_interval: 60s", SECOND
    )
    text = text.replace("scrape_timeout: 10s", "scrape_timeout: 1s")
    text = re.sub(r"url: https://\S+", f"url: {write_to}", text)
    text = re.sub(r"password_file: \S+", f"password_file: {folder}/password", text)
    text += f"    tls_config: {{ca_file: {folder}/ca.pem}}\n" if write_to.startswith("https") else ""
    text = text.replace("global:\n", f"global:\n  external_labels: {{site: {label}, area: A, city: C}}\n")
    (folder / "school.yml").write_text(text, encoding="utf-8")
    port = free_port()
    arguments = ["prometheus", "--enable-feature=agent", f"--config.file={folder}/school.yml"]
    arguments += [
        f"--storage.agent.path={folder}/agent",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    ]
    with daemon(arguments, folder / "agent.log", f"http://127.0.0.1:{port}/-/ready"):
        yield


def test_a_prometheus_agent_writes_and_the_citys_rules_work_on_it(tmp_path: Path) -> None:
    with (
        threaded_exporter(View(school_snapshot(3))) as exporter,
        receiver(tmp_path) as (database, write_to),
        school(tmp_path, exporter.port, write_to),
    ):
        eventually(lambda: database.value('site:camagent_cameras:count{site="s9001"}') == 3, "three cameras")
        assert database.query('camagent_build_info{instance="camagent",job="camagent"}')
        exporter.die()
        eventually(
            lambda: database.query("camagent_camera_up") == [], "the school's series end with its exporter"
        )
        eventually(lambda: database.firing("CamagentSchoolSilent"), "an alert for a silent school")


def test_an_agent_writes_over_tls_with_its_password_and_to_no_receiver_of_another_authority(
    tmp_path: Path,
) -> None:
    make_certificates(tmp_path)
    digest = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(6)).decode()
    (tmp_path / "web.yml").write_text(
        f"tls_server_config: {{cert_file: server.pem, key_file: server.key}}\nbasic_auth_users: "
        f"{{s9001: '{digest}'}}\n"
    )
    (tmp_path / "tls.yml").write_text("global: {scrape_interval: 1s}\n")
    port = free_port()
    arguments = ["prometheus", f"--config.file={tmp_path}/tls.yml", f"--storage.tsdb.path={tmp_path}/tls"]
    arguments += [f"--web.config.file={tmp_path}/web.yml", f"--web.listen-address=127.0.0.1:{port}"]
    arguments += ["--web.enable-remote-write-receiver", "--log.level=warn"]
    with threaded_exporter(View(school_snapshot(1))) as exporter, daemon(arguments, tmp_path / "tls.log"):
        url = f"https://127.0.0.1:{port}/api/v1/write"
        with school(tmp_path, exporter.port, url):
            eventually(lambda: accepted(tmp_path, port) == 1, "a series over TLS with the school's password")
        (tmp_path / "stranger").mkdir()
        make_certificates(tmp_path / "stranger")
        with school(tmp_path / "stranger", exporter.port, url, label="s7777"):
            log = tmp_path / "stranger" / "agent.log"
            eventually(lambda: "certificate" in log.read_text(), "a receiver that nobody trusts is refused")


def accepted(folder: Path, port: int) -> int:
    """How many schools the receiver knows, asked as the school itself."""
    context = ssl.create_default_context(cafile=folder / "ca.pem")
    login = base64.b64encode(f"s9001:{PASSWORD}".encode()).decode()
    request = urllib.request.Request(
        f"https://127.0.0.1:{port}/api/v1/query?query=camagent_build_info",
        headers={"Authorization": f"Basic {login}"},
    )
    with urllib.request.urlopen(request, timeout=60, context=context) as answer:
        return len(json.loads(answer.read())["data"]["result"])
