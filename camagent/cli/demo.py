"""`camagent demo`: the whole main job on a simulated school on this machine's loopback."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from camagent.cli.language import lang, t
from camagent.model.operator_error import OperatorError
from camagent.model.text import message
from camagent.platform.ending import run_until_ended

if TYPE_CHECKING:
    from camagent.model.scan_result import Declaration
    from camagent.operator_files.config import Config
    from camagent.run.context import JudgingContext, Run

START_BUDGET_S = 60.0  # a cold start on an old PC; a warm one takes about a second
DEMO_WINDOW_S = 5.0


@click.command(
    "demo", help=t("cli.help.demo"), epilog=t("cli.help.example", example="camagent demo --cameras 12")
)
@click.option(
    "--cameras", type=click.IntRange(1, 200), default=12, show_default=True, help=t("cli.help.cameras")
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("camagent-demo"),
    show_default=True,
    help=t("cli.help.output"),
)
@click.option(
    "--window", "window_s", type=click.FloatRange(2, 60), default=DEMO_WINDOW_S, help=t("cli.help.window")
)
def demo_command(cameras: int, output: Path, window_s: float) -> int:
    """Simulate a school, scan it for real, write the reports; succeeds when the job was done, whatever the
    verdicts."""
    from camagent.cli.run import show, warn, write_reports

    warn(t("cli.demo_start", cameras=cameras))
    began_s = time.monotonic()
    with simulated_school(cameras) as ready:
        warn(t("cli.demo_ready", seconds=round(time.monotonic() - began_s, 1)))
        run = run_until_ended(_scan_school(cameras, str(ready["password"]), window_s))
    document = show(run.result, "table")
    for path in write_reports(document, output, group_readable=False):
        warn(t("cli.written", path=str(path)))
    warn(t("cli.demo_done", path=str(output / "camagent.html")))
    return 0


@contextmanager
def simulated_school(cameras: int) -> Iterator[dict[str, object]]:
    """A simulated school in a process of its own; yields what it said when it was ready.

    Raises: OperatorError where it does not start: a port is taken, or the machine is too slow.
    """
    with tempfile.TemporaryFile() as complaints, tempfile.TemporaryDirectory() as folder:
        ready_file = Path(folder) / "ready.json"
        arguments = ["simulate", "--cameras", str(cameras), "--ready-file", str(ready_file), "--lang", lang()]
        process = subprocess.Popen(
            [sys.executable, "-m", "camagent", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=complaints,
        )
        try:
            give_up_s = time.monotonic() + START_BUDGET_S
            while not ready_file.exists():
                if process.poll() is not None or time.monotonic() > give_up_s:
                    complaints.seek(0)
                    last = complaints.read(2000).decode(errors="replace").strip().splitlines()[-1:]
                    # The simulator's own line is complete: what, where, what to do.
                    if last:
                        raise OperatorError(message("cli.simulator_said", text=last[0].partition(": ")[2]))
                    raise OperatorError(message("cli.demo_slow", seconds=START_BUDGET_S))
                time.sleep(0.05)
            yield json.loads(ready_file.read_text(encoding="utf-8"))
        finally:
            if process.stdin is not None:
                process.stdin.close()  # the simulator ends with its standard input, on every system
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


async def _scan_school(cameras: int, password: str, window_s: float) -> Run:
    from camagent.app import RunOptions, fleet_options, make_fleet
    from camagent.cli.progress_bar import progress_on_terminal
    from camagent.discover.interfaces import Medium, list_interfaces
    from camagent.discover.plan import make_plan
    from camagent.run.site_run import scan_site

    inventory, addresses = school_inventory(cameras)
    own = list_interfaces()
    loopback = [interface.name for interface in own if interface.medium is Medium.LOOPBACK]
    plan = make_plan(own, interfaces=loopback, subnets=("127.10.1.0/27",), addresses=addresses)
    config = demo_config(window_s)
    order = demo_order(config, inventory, password)
    async with make_fleet(config) as fleet:
        options = fleet_options(config, RunOptions(), order)
        with progress_on_terminal(fleet, options) as onlooker:
            return await scan_site(plan, order, fleet, options, onlooker)


def school_inventory(cameras: int) -> tuple[tuple[Declaration, ...], tuple[str, ...]]:
    """The simulated school's own list of cameras, and the addresses on it."""
    from camagent.model.scan_result import Declaration
    from camagent.simulator.default_school import default_school

    rows = [
        Declaration(name=camera.name, place=camera.place, address=camera.address, serial=camera.serial)
        for camera in default_school(cameras)
    ]
    return tuple(rows), tuple(row.address for row in rows if row.address)


def demo_config(window_s: float) -> Config:
    """The configuration of the simulated school; the operator's own stays out of it."""
    from camagent.operator_files.config import CheckTable, Config, SiteTable

    site = SiteTable(id="demo", name=t("cli.demo_site"), area="Demo", city="Demo", uplink_mbps=100)
    return Config(site=site, check=CheckTable(window_s=window_s))


def demo_order(config: Config, inventory: tuple[Declaration, ...], password: str) -> JudgingContext:
    """By what the demo judges: the default requirement profile, the school's own log-in on loopback only."""
    from camagent.app import RunOptions, make_order
    from camagent.model.credential_book import BoundCredential, CredentialBook
    from camagent.model.earlier_runs import Memory
    from camagent.model.secret import Credential, Secret
    from camagent.simulator.default_school import USER

    book = CredentialBook([BoundCredential("127.10.0.0/16", Credential(USER, Secret(password)))])
    return make_order(config, RunOptions(), inventory, book, Memory())
