"""`camagent check`: the same job for targets that the operator names."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from camagent.cli.language import t
from camagent.cli.options import login_options, run_options
from camagent.cli.typed_targets import read_login, read_target
from camagent.model.operator_error import OperatorError
from camagent.model.text import message
from camagent.platform.ending import run_until_ended

if TYPE_CHECKING:
    from camagent.app import RunOptions
    from camagent.model.earlier_runs import Pins
    from camagent.operator_files.config import Config
    from camagent.run.context import JudgingContext, Run
    from camagent.run.fleet import Fleet, FleetOptions, Job

MAX_TARGETS = 1_000  # more is a site: use `camagent scan`


@click.command(
    "check",
    help=t("cli.help.check"),
    epilog=t("cli.help.example", example="camagent check 192.168.1.64 --user admin"),
)
@click.argument("targets", nargs=-1, metavar="TARGET...")
@click.option(
    "--config", "config_path", type=click.Path(path_type=Path, dir_okay=False), help=t("cli.help.config")
)
@login_options
@run_options
@click.option(
    "--replay", "replays", multiple=True, type=click.Path(path_type=Path), help=t("cli.help.replay")
)
def check_command(
    targets: tuple[str, ...],
    config_path: Path | None,
    user: str | None,
    password_file: Path | None,
    password: str | None,
    allow_basic: bool,
    replays: tuple[Path, ...],
    **options: object,
) -> int:
    """Check the named cameras, streams or files; nothing is searched and nothing stored."""
    from camagent.app import RunOptions, read_config
    from camagent.cli.scanning import demand_folders, publish

    if bool(targets) == bool(replays) or len(targets) > MAX_TARGETS:
        raise OperatorError(message("cli.no_target"))
    request = RunOptions(**options)  # type: ignore[arg-type]
    demand_folders(request)
    config = read_config(config_path)
    if replays:
        return publish(_replayed(replays, config, request), request, None)
    login = read_login(user, password_file, password, allow_basic)
    jobs = [read_target(text, login, number) for number, text in enumerate(targets, 1)]
    return publish(_run(jobs, config, request), request, None)


def _replayed(files: Sequence[Path], config: Config, request: RunOptions) -> Run:
    from camagent.app import make_order
    from camagent.model.credential_book import CredentialBook
    from camagent.model.earlier_runs import Memory
    from camagent.platform.system_clock import SystemClock
    from camagent.run.replay import replay_files

    order = make_order(config, request, (), CredentialBook(), Memory())
    return run_until_ended(replay_files(files, order, SystemClock()))


def _run(jobs: Sequence[Job], config: Config, request: RunOptions) -> Run:
    from camagent.app import credential_book, fleet_options, make_fleet, make_order, shared_ledger
    from camagent.cli.run import warn_of
    from camagent.model.earlier_runs import Memory
    from camagent.model.onvif import ONVIF_SEARCH_PORTS

    book = credential_book(config, os.environ)
    jobs = [
        job if job.credential is not None else replace(job, credential=book.for_address(job.host))
        for job in jobs
    ]
    order = make_order(config, request, (), book, Memory(pins=_pins(config)))
    asked = fleet_options(config, request, order)
    # Somebody waits for these few; and no search has found out on which port they live.
    ports = config.discovery.onvif_ports or ONVIF_SEARCH_PORTS
    asked = replace(asked, interview=replace(asked.interview, ports=ports)).brisk()
    with shared_ledger(config, warn_of) as ledger:
        return run_until_ended(_check(jobs, order, make_fleet(config, ledger), asked))


def _pins(config: Config) -> Pins:
    """The certificates that scans of this machine saw; none where it never did, or cannot read them."""
    from camagent.app import open_site_store, store_file
    from camagent.cli.run import warn_of

    if not store_file(config).exists():
        return ()
    try:
        with open_site_store(config) as store:
            return store.pins()
    except OperatorError as error:
        warn_of(error.problem)
        return ()


async def _check(jobs: Sequence[Job], order: JudgingContext, fleet: Fleet, options: FleetOptions) -> Run:
    from camagent.cli.progress_bar import progress_on_terminal
    from camagent.cli.scanning import tell_unwritten
    from camagent.platform.ending import on_interrupt
    from camagent.run.site_run import check_targets

    async with fleet:
        with on_interrupt(fleet.stop), progress_on_terminal(fleet, options) as onlooker:
            run = await check_targets(jobs, order, fleet, options, onlooker)
    tell_unwritten(fleet)
    return run
