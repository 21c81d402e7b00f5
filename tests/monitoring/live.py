"""The real exporter in a thread, and a real Prometheus that scrapes it; the test changes what there is to
see."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import threading
import urllib.parse
import urllib.request
from collections.abc import Iterator, Set
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from camagent.document.site_status import AgentSnapshot, CameraStatus, CycleStatus
from camagent.exporter.server import Exporter, ExporterOptions
from camagent.exporter.web_config import WebConfig
from tests import builders as build
from tests.monitoring.programs import ROOT, daemon, free_port
from tests.publish.exporter_peers import View
from tests.publish.samples import status

RULES = ROOT / "monitoring" / "rules"
SITE = {"site": "s9001", "area": "Phường Gia Định", "city": "Thành phố Hồ Chí Minh"}
LABELS = ",".join(f'{name}="{value}"' for name, value in SITE.items())


def cameras(count: int) -> tuple[CameraStatus, ...]:
    """Healthy cameras under their own ids."""
    healthy = status(build.camera_result())
    return tuple(
        replace(healthy, id=f"cam-{number:012d}", name=f"Camera {number}") for number in range(count)
    )


def school_snapshot(count: int = 4) -> AgentSnapshot:
    """A school in good order, as of now."""
    now = datetime.now(UTC)
    cycle = CycleStatus(now, 12.5)
    return AgentSnapshot(
        site=build.site(),
        made_at=now,
        cameras=cameras(count),
        profile=build.profile_stamp(),
        stream_cycle=cycle,
        reach_cycle=cycle,
        discovered_devices=count,
        reloaded_at=now,
    )


@dataclass
class ThreadedExporter:
    """A running exporter; `view` is what it shows."""

    view: View
    port: int
    loop: asyncio.AbstractEventLoop
    exporter: Exporter

    def die(self) -> None:
        """The agent is gone, its port closed."""
        asyncio.run_coroutine_threadsafe(self.exporter.close(), self.loop).result(60)


@contextlib.contextmanager
def threaded_exporter(
    view: View, web: WebConfig | None = None, names: Set[str] = frozenset()
) -> Iterator[ThreadedExporter]:
    begun, end = threading.Event(), asyncio.Event()
    made: list[ThreadedExporter] = []

    async def serve() -> None:
        exporter = Exporter(ExporterOptions(port=0, names=names, web=web or WebConfig()), view)
        _, bound = await exporter.open()
        made.append(ThreadedExporter(view, bound, asyncio.get_running_loop(), exporter))
        begun.set()
        await end.wait()
        await exporter.close()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert begun.wait(60), "the exporter did not open"
    try:
        yield made[0]
    finally:
        made[0].loop.call_soon_threadsafe(end.set)
        thread.join(60)


def quick_rules(folder: Path) -> None:
    """The shipped rules, with waiting times that a test can wait."""
    for path in RULES.glob("*.yml"):
        text = re.sub(r"for: \d+[mh]", "for: 1s", path.read_text(encoding="utf-8"))
        (folder / path.name).write_text(text, encoding="utf-8")


@dataclass(frozen=True)
class Database:
    """Prometheus or VictoriaMetrics, asked over its HTTP interface."""

    url: str

    def get(self, path: str, **parameters: str) -> bytes:
        with urllib.request.urlopen(
            f"{self.url}{path}?{urllib.parse.urlencode(parameters)}", timeout=60
        ) as answer:
            return bytes(answer.read())

    def query(self, expr: str) -> list[dict[str, Any]]:
        """The series of an instant query."""
        answer: dict[str, Any] = json.loads(self.get("/api/v1/query", query=expr))
        assert answer["status"] == "success"
        data = answer["data"]
        return [data] if data["resultType"] == "scalar" else list(data["result"])

    def value(self, expr: str) -> float | None:
        samples = self.query(expr)
        return float(samples[0]["value"][1]) if samples else None

    def firing(self, alert: str) -> bool:
        return bool(self.query(f'ALERTS{{alertname="{alert}",alertstate="firing"}}'))


@contextlib.contextmanager
def prometheus(folder: Path, scrape: str) -> Iterator[Database]:
    """Debian's Prometheus with the shipped rules and the given scrape configuration, every second."""
    quick_rules(folder)
    port = free_port()
    (folder / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}\n"
        f"rule_files: ['{folder}/camagent.*.yml']\nscrape_configs:\n{scrape}",
        encoding="utf-8",
    )
    arguments = [
        "prometheus",
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/tsdb",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    ]
    url = f"http://127.0.0.1:{port}"
    with daemon(arguments, folder / "prometheus.log", f"{url}/-/ready"):
        yield Database(url)
