"""`camagent ui`: the technician's page on this machine."""

from __future__ import annotations

import asyncio
import os
import socket
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from camagent.cli.language import lang, t
from camagent.cli.options import search_options
from camagent.cli.terminal_lines import write_lines
from camagent.model.operator_error import OperatorError
from camagent.model.text import message, os_reason
from camagent.platform.ending import run_until_ended

if TYPE_CHECKING:
    from camagent.app import RunOptions
    from camagent.discover.plan import DiscoveryPlan
    from camagent.document.model import ScanDocument
    from camagent.model.secret import Credential
    from camagent.operator_files.config import Config
    from camagent.run.context import JudgingContext
    from camagent.run.fleet import Fleet, FleetOptions
    from camagent.store import Store
    from camagent.ui.desk import SearchPlace, Tools
    from camagent.ui.page_server import Page, Reports


@click.command("ui", help=t("cli.help.ui"), epilog=t("cli.help.example", example="camagent ui"))
@click.option(
    "--config", "config_path", type=click.Path(path_type=Path, dir_okay=False), help=t("cli.help.config")
)
@search_options
@click.option("--site-id", metavar="ID", help=t("cli.help.site_id"))
@click.option("--site-name", metavar="NAME", help=t("cli.help.site_name"))
@click.option("--port", type=click.IntRange(0, 65535), default=0, show_default=True, help=t("ui.help.port"))
@click.option("--no-browser", is_flag=True, help=t("ui.help.no_browser"))
@click.option("--no-store", is_flag=True, help=t("cli.help.no_store"))
def ui_command(config_path: Path | None, port: int, no_browser: bool, **options: object) -> int:
    """Serve the page until it is ended from the page or with Ctrl-C; what runs then is stopped and kept."""
    from camagent.app import RunOptions, open_site_store, read_config, with_site
    from camagent.cli.scanning import tell_nameless

    request = RunOptions(**options)  # type: ignore[arg-type]
    config = with_site(read_config(config_path), request)
    tell_nameless(config)
    store = None if request.no_store else open_site_store(config)
    try:
        return run_until_ended(_serve(tools_for(config, request, store), config, port, not no_browser))
    finally:
        if store is not None:
            store.close()


async def _serve(tools: Tools, config: Config, port: int, opens_browser: bool) -> int:
    from camagent.platform.ending import on_end
    from camagent.ui.access import Access
    from camagent.ui.board import Board
    from camagent.ui.desk import Desk
    from camagent.ui.page_server import Page

    loop = asyncio.get_running_loop()
    board = Board(site=config.site.name or config.site.id)
    desk = Desk(tools, board)
    desk.prepare()
    page = Page(desk, reports(), Access(loop.time), lang())
    address = await page.open(loopback_socket(port))
    on_end(page.ended.set)
    await _announce(page, address, opens_browser)
    await page.ended.wait()
    write_lines(t("ui.ending"), err=True)
    await desk.close()
    await page.close()
    return 0


def loopback_socket(port: int) -> socket.socket:
    """Bound to 127.0.0.1; port 0: any free one. Raises: OperatorError where the port cannot be had."""
    from camagent.platform.sockets import claim_port
    from camagent.ui.page_server import HOST

    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        claim_port(listening)
        listening.bind((HOST, port))
    except OSError as error:
        listening.close()
        place = f"{HOST}:{port}"
        raise OperatorError(message("ui.cannot_listen", place=place, reason=os_reason(error))) from error
    return listening


async def _announce(page: Page, address: str, opens_browser: bool) -> None:
    """Where the page is; the address with the token is shown only where no browser was opened with it."""
    opened = opens_browser and await asyncio.to_thread(webbrowser.open, address)
    if opened:
        write_lines(t("ui.opened", address=page.address), err=True)
    else:
        write_lines(t("ui.open_yourself", address=address), err=True)


def tools_for(config: Config, request: RunOptions, store: Store | None) -> Tools:
    """What the page's work is done with: the same as of `camagent scan`."""
    from camagent.app import (
        credential_book,
        fleet_options,
        make_order,
        read_inventory_file,
        remembered_by_machine,
        search_plan,
    )
    from camagent.cli.trust_question import trusting
    from camagent.ui.desk import Tools

    inventory = read_inventory_file(request.inventory or config.discovery.inventory)

    def place(ranges: tuple[str, ...]) -> SearchPlace:
        return _place(
            config, search_plan(config, replace(request, subnets=ranges or request.subnets), inventory)
        )

    def order() -> JudgingContext:
        book = credential_book(config, os.environ)
        return make_order(config, request, inventory, book, remembered_by_machine(config, store))

    def options(order: JudgingContext) -> FleetOptions:
        return fleet_options(config, request, order)

    return Tools(place, order, options, lambda: _fleet(config), trusting, store)


@contextmanager
def _fleet(config: Config) -> Iterator[Fleet]:
    from camagent.app import make_fleet, shared_ledger
    from camagent.cli.run import warn_of

    with shared_ledger(config, warn_of) as ledger:
        yield make_fleet(config, ledger)


def _place(config: Config, plan: DiscoveryPlan) -> SearchPlace:
    from camagent.run.site_run import find_devices
    from camagent.ui.desk import SearchPlace

    return SearchPlace(
        tuple(map(str, plan.subnets)),
        lambda fleet, onlooker: find_devices(plan, fleet, onlooker),
        lambda login: _keep_login(config, login, plan),
        lambda: _kept_login(config, plan),
    )


def _keep_login(config: Config, login: Credential, plan: DiscoveryPlan) -> tuple[str, ...]:
    """Bind the log-in to what is searched, and let it be tried where an earlier one was refused."""
    from camagent.app import bound_to_search, config_dir, data_dir, open_login_record
    from camagent.operator_files.credential_file import CredentialStore

    store = CredentialStore(data_dir(config), config_dir())
    bound = bound_to_search(login, plan, named=bool(plan.subnets))
    for entry in bound:
        store.keep(entry)
    with open_login_record(config) as record:
        record.allow(lambda device: any(entry.covers(device) for entry in bound))
    return tuple(entry.network for entry in bound)


def _kept_login(config: Config, plan: DiscoveryPlan) -> tuple[str, tuple[str, ...]] | None:
    """The user name that is kept for the ranges of a search, and these ranges; None where there is none."""
    from camagent.app import bound_to_search, config_dir, data_dir
    from camagent.model.secret import Credential, Secret
    from camagent.operator_files.credential_file import CredentialStore

    nobody = Credential("", Secret(""))
    wanted = {entry.network for entry in bound_to_search(nobody, plan, named=bool(plan.subnets))}
    kept = [
        entry
        for entry in CredentialStore(data_dir(config), config_dir()).entries()
        if entry.network in wanted
    ]
    if not kept:
        return None
    return kept[0].credential.user, tuple(entry.network for entry in kept)


def reports() -> Reports:
    """The files that a result is saved as; the same as those of `camagent report`."""
    from camagent.report.csv_ import render_csv
    from camagent.report.html import render_html
    from camagent.report.json_ import render_json
    from camagent.report.xlsx import render_xlsx
    from camagent.ui.page_server import Reports

    def html(document: ScanDocument, language: str) -> bytes:
        return render_html([document], language).encode()

    def workbook(document: ScanDocument, language: str) -> bytes:
        return render_xlsx([document], language)

    def result(document: ScanDocument, _language: str) -> bytes:
        return render_json(document).encode()

    def table(document: ScanDocument, language: str) -> bytes:
        return render_csv([document], language).encode()

    xlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return Reports(
        {
            "html": ("camagent.html", "text/html; charset=utf-8", html),
            "xlsx": ("camagent.xlsx", xlsx, workbook),
            "csv": ("camagent.csv", "text/csv; charset=utf-8", table),
            "json": ("camagent.json", "application/json", result),
        }
    )
