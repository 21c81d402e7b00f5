"""The work behind `camagent scan`, kept apart from its options: plan, run, show, write, store."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from camagent.app import (
    RunOptions,
    bound_to_search,
    credential_book,
    fleet_options,
    make_fleet,
    make_order,
    open_site_store,
    read_config,
    read_inventory_file,
    remembered_by_machine,
    search_plan,
    shared_ledger,
    with_site,
)
from camagent.cli.language import lang, t, tm
from camagent.cli.mistakes import EXIT_STOPPED
from camagent.cli.progress_bar import progress_on_terminal
from camagent.cli.run import exit_code_of, kept_for_report, show, warn, warn_of, write_reports
from camagent.cli.trust_question import may_trust, trusting
from camagent.cli.typed_targets import read_login
from camagent.model.credential_book import CredentialBook
from camagent.model.earlier_runs import Memory
from camagent.model.operator_error import OperatorError
from camagent.model.text import message, os_reason
from camagent.platform.ending import on_interrupt, run_until_ended
from camagent.platform.whole_files import make_folder

if TYPE_CHECKING:
    from camagent.discover.plan import DiscoveryPlan
    from camagent.document.model import ScanDocument
    from camagent.model.credential_book import BoundCredential
    from camagent.operator_files.config import Config
    from camagent.run.context import JudgingContext, Run
    from camagent.run.fleet import Fleet, FleetOptions
    from camagent.store import Store


def run_scan(config_path: Path | None, request: RunOptions) -> int:
    """The whole main job; answers with the contract's exit code.

    Raises: OperatorError for everything that the operator has to put right first.
    """
    demand_folders(request)
    config = with_site(read_config(config_path), request)
    tell_nameless(config)
    inventory = read_inventory_file(request.inventory or config.discovery.inventory)
    # What was typed wrong is said before what the network lacks.
    make_order(config, request, inventory, CredentialBook(), Memory())
    plan = search_plan(config, request, inventory)
    typed = _typed_login(request, plan, named=bool(request.subnets or config.discovery.subnets))
    store = None if request.no_store else _store_with_room(config)
    try:
        book = credential_book(config, os.environ, typed)
        order = make_order(config, request, inventory, book, remembered_by_machine(config, store))
        _announce(plan)
        with shared_ledger(config, warn_of) as ledger:
            options = fleet_options(config, request, order)
            order = trusting(order) if request.trust_new else order
            run = run_until_ended(_scan(plan, order, make_fleet(config, ledger), options))
        return publish(run, request, store)
    finally:
        if store is not None:
            store.close()


def tell_nameless(config: Config) -> None:
    """Say now what the ward would say later: a result without a school cannot be put beside others."""
    if not (config.site.id or config.site.name):
        warn(t("cli.site_unnamed"))


def _typed_login(request: RunOptions, plan: DiscoveryPlan, *, named: bool) -> tuple[BoundCredential, ...]:
    login = read_login(request.user, request.password_file, None, allow_basic=False)
    return () if login is None else bound_to_search(login, plan, named)


def _store_with_room(config: Config) -> Store | None:
    """The record; None, and told, where the disk is full or fails: the cameras can be looked at all the same.

    Raises: OperatorError for what the operator can put right at once.
    """
    try:
        return open_site_store(config)
    except OperatorError as error:
        if error.problem.key not in ("report.store.disk_full", "report.store.disk_fails"):
            raise
        warn(t("cli.no_store_now", reason=tm(error.problem)))
        return None


def publish(run: Run, request: RunOptions, store: Store | None) -> int:
    """Show the result, write the reports, store the record; answers with the exit code."""
    document = show(run.result, request.output_format)
    if store is not None:
        if run.is_complete:
            _show_changes(document, request.output_format, store)
        _keep(run, document, store)
    if request.output is not None:
        pictures = kept_for_report(run.result, request.keep_images)
        for path in write_reports(document, request.output, request.group_readable, pictures):
            warn(t("cli.written", path=str(path)))
    if not run.result.cameras:
        warn(t("cli.nothing_found"))
    return exit_code_of(run.result) if run.is_complete else EXIT_STOPPED


def _show_changes(document: ScanDocument, output_format: str, store: Store) -> None:
    """What changed since the scan before; nothing where there is none of these cameras."""
    from rich.console import Console

    from camagent.document.compare import compare
    from camagent.document.rule_names import rule_names
    from camagent.report.changes import print_changes

    if output_format == "json":
        return
    try:
        before = store.before(document.started_at)
    except OperatorError as error:
        warn(tm(error.problem))
        return
    here = {camera.id for camera in document.cameras} | {camera.address for camera in document.cameras}
    if before is not None and any(camera.id in here or camera.address in here for camera in before.cameras):
        names = rule_names([before, document], lang())
        print_changes(compare(before, document), Console(), names, lang())


def _keep(run: Run, document: ScanDocument, store: Store) -> None:

    try:
        store.save(document)
        store.remember(run.learned, run.result.finished_at)
    except OperatorError as error:
        # The result is on the screen and in the reports: losing the record must not lose them too.
        warn(t("cli.store_failed", reason=tm(error.problem)))


async def _scan(plan: DiscoveryPlan, order: JudgingContext, fleet: Fleet, options: FleetOptions) -> Run:
    from camagent.run.site_run import check_found, find_devices, jobs_for

    async with fleet:
        # The first press ends what the fleet does and keeps what it has seen; the next one ends the program.
        with on_interrupt(fleet.stop), progress_on_terminal() as onlooker:
            discovery = await find_devices(plan, fleet, onlooker)
        if not fleet.stopped and may_trust(jobs_for(discovery.discovery, order)):
            order = trusting(order)
        with on_interrupt(fleet.stop), progress_on_terminal(fleet, options) as onlooker:
            run = await check_found(discovery, order, fleet, options, onlooker)
    tell_unwritten(fleet)
    return run


def demand_folders(request: RunOptions) -> None:
    """Every folder that the run is to write into can be written to, before an hour of work is lost to it.

    A full disk is told and stops nothing: it may have room by the end, and the result is shown.

    Raises: OperatorError with all that cannot.
    """
    wrong = []
    full = (errno.ENOSPC, errno.EDQUOT)
    for folder in filter(None, (request.output, request.record, request.keep_images)):
        try:
            make_folder(folder, 0o750 if request.group_readable else 0o700)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            problem = message("cli.cannot_write", path=str(folder), reason=os_reason(error))
            if error.errno in full:  # what is seen is shown on the screen all the same
                warn(tm(problem))
            else:
                wrong.append(problem)
    if wrong:
        raise OperatorError(*wrong)


def tell_unwritten(fleet: Fleet) -> None:
    """The transcripts that could not be written; their devices were checked all the same."""
    for path, reason in fleet.unwritten:
        warn(t("cli.cannot_write", path=path, reason=reason))


def _announce(plan: DiscoveryPlan) -> None:
    cards = ", ".join(interface.name for interface in plan.interfaces)
    ranges = ", ".join(map(str, plan.subnets)) or t("discover.table.nothing")
    warn(t("cli.ranges_shown", ranges=ranges, cards=cards or t("discover.table.nothing")))
