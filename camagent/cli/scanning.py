"""The work behind `camagent scan`, kept apart from its options: plan, run, show, write, store."""

from __future__ import annotations

import asyncio
import os
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from camagent.cli.language import t, tm
from camagent.cli.logins import shared_ledger
from camagent.cli.run import (
    Wanted,
    code_of,
    credential_book,
    data_dir,
    make_order,
    progress_on_terminal,
    read_config,
    remembered,
    show,
    warn,
    write_reports,
)
from camagent.clock import SystemClock
from camagent.model.operator_error import OperatorError
from camagent.model.text import message, os_reason

if TYPE_CHECKING:
    from camagent.config import Config
    from camagent.discover.plan import DiscoveryPlan
    from camagent.document.model import ScanDocument
    from camagent.model.scan import Declaration
    from camagent.model.secret import Credential
    from camagent.run.fleet import Fleet, FleetLimits, FleetOptions
    from camagent.run.recognition import Order, Run
    from camagent.store import Store


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """The options of `camagent scan`; None means: as the configuration says."""

    subnets: tuple[str, ...] = ()
    interfaces: tuple[str, ...] = ()
    inventory: Path | None = None
    requirement_profile: str | None = None
    window_s: float | None = None
    transport: str | None = None
    pictures: int | None = None
    keep_images: Path | None = None
    record: Path | None = None
    prices: Path | None = None
    no_port_check: bool = False
    try_default_logins: bool = False
    try_snapshot: bool = False
    output: Path | None = None
    no_store: bool = False
    output_format: str = "table"


def run_scan(config_path: Path | None, request: ScanRequest) -> int:
    """The whole main job; answers with the contract's exit code.

    Raises: OperatorError for everything that the operator has to put right first.
    """
    from camagent.run.fleet import Fleet

    demand_folders(request)
    config = read_config(config_path)
    inventory = read_inventory_file(request.inventory or config.discovery.inventory)
    plan = search_plan(config, request, inventory)
    clock = SystemClock()
    wanted = Wanted(
        config,
        request.requirement_profile or config.check.profile,
        request.prices or config.check.prices,
        inventory,
    )
    store = None if request.no_store else open_site_store(config)
    try:
        order = make_order(wanted, credential_book(config, os.environ), remembered(store, clock), clock)
        _announce(plan, order)
        with shared_ledger(config) as ledger:
            fleet = Fleet(fleet_limits(config), clock, ledger)
            run = asyncio.run(_scan(plan, order, fleet, fleet_options(config, request, order)))
        return publish(run, request, store)
    finally:
        if store is not None:
            store.close()


def publish(run: Run, request: ScanRequest, store: Store | None) -> int:
    """Show the result, write the reports, store the record; answers with the exit code."""
    document = show(run.result, request.output_format)
    if store is not None:
        _keep(run, document, store)
    if request.output is not None:
        for path in write_reports(document, request.output):
            warn(t("cli.written", path=str(path)))
    if not run.result.cameras:
        warn(t("cli.nothing_found"))
    return code_of(run.result)


def _keep(run: Run, document: ScanDocument, store: Store) -> None:

    try:
        store.save(document)
        store.remember(run.learned, run.result.finished_at)
    except OperatorError as error:
        # The result is on the screen and in the reports: losing the record must not lose them too.
        warn(t("cli.store_failed", reason=tm(error.problem)))


async def _scan(plan: DiscoveryPlan, order: Order, fleet: Fleet, options: FleetOptions) -> Run:
    from camagent.run.site_run import scan_site

    async with fleet:
        with progress_on_terminal() as progress:
            run = await scan_site(plan, order, fleet, options, progress)
    tell_unwritten(fleet)
    return run


def demand_folders(request: ScanRequest) -> None:
    """Every folder that the run is to write into can be written to, before an hour of work is lost to it.

    Raises: OperatorError with all that cannot.
    """
    wrong = []
    for folder in filter(None, (request.output, request.record, request.keep_images)):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            wrong.append(message("cli.cannot_write", path=str(folder), reason=os_reason(error)))
    if wrong:
        raise OperatorError(*wrong)


def tell_unwritten(fleet: Fleet) -> None:
    """The transcripts that could not be written; their devices were checked all the same."""
    for path, reason in fleet.unwritten:
        warn(t("cli.cannot_write", path=path, reason=reason))


def _announce(plan: DiscoveryPlan, order: Order) -> None:
    ranges = ", ".join([*map(str, plan.subnets), *(interface.name for interface in plan.interfaces)]) or "-"
    warn(t("cli.ranges_shown", ranges=ranges))
    if not order.stamp.authoritative:
        warn(t("cli.profile_provisional"))


def search_plan(config: Config, request: ScanRequest, inventory: tuple[Declaration, ...]) -> DiscoveryPlan:
    """Where this run looks, refused before the first packet where it may not.

    Raises: OperatorError with every problem at once.
    """

    return plan_now(config, request, inventory)


def plan_now(config: Config, request: ScanRequest, inventory: tuple[Declaration, ...] = ()) -> DiscoveryPlan:
    """The search by options and configuration, on the interfaces that the machine has now.

    Raises: OperatorError.
    """
    from camagent.discover.interfaces import list_interfaces
    from camagent.discover.plan import make_plan

    where = config.discovery
    addresses = tuple(declared.address for declared in inventory if declared.address)
    interfaces, subnets = request.interfaces or where.interfaces, request.subnets or where.subnets
    plan = make_plan(list_interfaces(), interfaces, subnets, addresses)
    return replace(
        plan, onvif_ports=where.onvif_ports or plan.onvif_ports, rtsp_ports=where.rtsp_ports or plan.rtsp_ports
    )


def read_inventory_file(path: Path | None) -> tuple[Declaration, ...]:
    """What should be there, by the school's own list.

    Raises: OperatorError with every error of the file at once.
    """
    if path is None:
        return ()
    from camagent.inventory.join import read_inventory

    return read_inventory(path)


def fleet_limits(config: Config) -> FleetLimits:
    """How much of the network a run may take, by the configuration."""
    from camagent.run.fleet import FleetLimits

    return FleetLimits(config.check.devices_at_once, config.check.bandwidth_mbps * 1e6)


def fleet_options(config: Config, request: ScanRequest, order: Order) -> FleetOptions:
    """How each camera is asked and watched: the options of this run over the configuration.

    Which ports are tried is what the requirement profile judges, and nothing more.
    """
    from camagent.interrogate.interview import InterviewOptions
    from camagent.model.stream import TransportChoice
    from camagent.observe.watch import WatchOptions
    from camagent.run.fleet import FleetOptions

    window_s = request.window_s if request.window_s is not None else config.check.window_s
    watch = WatchOptions(
        window_s=window_s,
        transport=TransportChoice(request.transport or config.check.transport),
        pictures=request.pictures if request.pictures is not None else config.check.pictures,
        budget_s=window_s + WATCH_SLACK_S,
        keep_images=request.keep_images,
    )
    ports = () if request.no_port_check else order.judge.requirement_profile.ports_to_try()
    interview = InterviewOptions(check_ports=ports, try_snapshot=request.try_snapshot)
    if config.discovery.onvif_ports:
        interview = replace(interview, ports=config.discovery.onvif_ports)
    if request.try_default_logins:
        interview = replace(interview, default_logins=factory_logins())
    return FleetOptions(interview, watch, request.record)


WATCH_SLACK_S = 25.0  # connect, log-in, one BUSY retry and TEARDOWN beside the window itself


def factory_logins() -> tuple[Credential, ...]:
    """The two factory log-ins most often found; never more, because cameras lock out."""
    from camagent.model.secret import Credential, Secret

    return (Credential("admin", Secret("admin")), Credential("admin", Secret("12345")))


def open_site_store(config: Config) -> Store:
    """The record of this machine.

    Raises: OperatorError where it cannot be opened.
    """
    from camagent.store import open_store

    return open_store(data_dir(config) / "camagent.sqlite")
