"""What `scan`, `check` and `demo` share: from options to an order, progress on the terminal, results to files."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from camagent.cli.language import lang, t
from camagent.cli.mistakes import exit_code
from camagent.model.operator_error import OperatorError
from camagent.model.text import message, os_reason

if TYPE_CHECKING:
    from camagent.clock import Clock
    from camagent.config import Config
    from camagent.credentials import CredentialBook
    from camagent.document.model import ScanDocument
    from camagent.inventory.earlier_runs import Memory
    from camagent.model.scan import Declaration, ScanResult
    from camagent.run.recognition import Order
    from camagent.run.site_run import Progress
    from camagent.store import Store


@dataclass(frozen=True, slots=True)
class Wanted:
    """By what a run judges, as the options of `scan`, `check` and `demo` say it."""

    config: Config
    requirement_profile: str
    prices: Path | None = None
    inventory: tuple[Declaration, ...] = ()


def read_config(path: Path | None) -> Config:
    """The configuration that was named, else the usual place, else the defaults.

    Raises: OperatorError with every problem at once.
    """
    from camagent.config import Config, load_config

    if path is None:
        usual = config_dir() / "camagent.toml"
        if not usual.exists():
            return Config()
        path = usual
    return load_config(path)


def data_dir(config: Config | None = None) -> Path:
    """Where results and log-ins rest: CAMAGENT_DATA, the configuration, else the platform's folder."""
    import platformdirs

    if os.environ.get("CAMAGENT_DATA"):
        return Path(os.environ["CAMAGENT_DATA"])
    if config is not None and config.agent.data_dir is not None:
        return config.agent.data_dir
    return Path(platformdirs.user_data_dir("camagent", appauthor=False))


def config_dir() -> Path:
    """Where camagent.toml and the key of the log-ins lie."""
    import platformdirs

    if os.environ.get("CAMAGENT_CONFIG_DIR"):
        return Path(os.environ["CAMAGENT_CONFIG_DIR"])
    return Path(platformdirs.user_config_dir("camagent", appauthor=False))


def credential_book(config: Config, environment: Mapping[str, str]) -> CredentialBook:
    """Every log-in that the operator bound to an address: configuration and credential store.

    Raises: OperatorError where one cannot be read.
    """
    from camagent.credentials import CredentialBook, CredentialStore, configured_credentials

    entries = configured_credentials(config.credential, environment)
    kept = CredentialStore(data_dir(config), config_dir()).entries()
    return CredentialBook((*entries, *kept))


def make_order(wanted: Wanted, book: CredentialBook, memory: Memory, clock: Clock) -> Order:
    """Everything a run is judged by.

    Raises: OperatorError for a wrong requirement profile or price file, every problem at once.
    """
    from camagent.assess.profile import load_profile
    from camagent.plan.prices import load_prices
    from camagent.run.recognition import Order, site_facts
    from camagent.run.visit import Judge

    requirement_profile = load_profile(wanted.requirement_profile)
    prices = load_prices(wanted.prices) if wanted.prices is not None else None
    config = wanted.config
    firmware = _firmware(config.check.firmware)
    uplink_bps = config.site.uplink_mbps * 1e6 if config.site.uplink_mbps is not None else None
    facts = replace(site_facts(config.as_site(), uplink_bps, clock.now(), memory), firmware=firmware)
    judge = Judge(requirement_profile, facts, prices)
    return Order(judge, requirement_profile.stamp, book, wanted.inventory, memory)


def _firmware(path: Path | None) -> tuple[tuple[str, str, str, str], ...]:
    from camagent.inventory.firmware_list import load_firmware_list

    return load_firmware_list(path) if path is not None else ()


@contextmanager
def progress_on_terminal() -> Iterator[Progress]:
    """A progress bar on stderr where that is a terminal, one plain line a phase where it is not."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
    )
    tasks: dict[str, Any] = {}
    words = {phase: t(f"cli.phase.{phase}") for phase in ("multicast", "directed", "knock", "check")}

    def heard(phase: str, done: int, total: int) -> None:
        if phase not in tasks:
            tasks[phase] = bar.add_task(words.get(phase, phase), total=total or None)
            if not console.is_terminal:
                click.echo(words.get(phase, phase) + " …", err=True)
        bar.update(tasks[phase], completed=done, total=total or None)

    with bar:
        yield heard


def show(result: ScanResult, output_format: str) -> ScanDocument:
    """Print the result on stdout as asked and hand back its document."""
    from rich.console import Console

    from camagent.document.write import scan_document
    from camagent.report.json_ import render_json
    from camagent.report.terminal import print_table

    document = scan_document(result)
    if output_format == "json":
        click.echo(render_json(document), nl=False)
    else:
        print_table(document, Console(), lang())
    return document


def write_reports(document: ScanDocument, folder: Path) -> list[Path]:
    """JSON, HTML, XLSX and CSV of a result into a folder, each file whole or not at all.

    Raises: OperatorError where the folder cannot be written.
    """
    from camagent.report.csv_ import render_csv
    from camagent.report.html import render_html
    from camagent.report.json_ import render_json
    from camagent.report.xlsx import render_xlsx

    files = {
        "camagent.json": render_json(document).encode(),
        "camagent.html": render_html([document], lang()).encode(),
        "camagent.xlsx": render_xlsx([document], lang()),
        "camagent.csv": render_csv([document], lang()).encode("utf-8"),
    }
    return [write_whole(folder / name, content) for name, content in files.items()]


def write_whole(path: Path, content: bytes) -> Path:
    """Replace a file in one step.

    Raises: OperatorError with path and reason.
    """
    fresh = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_bytes(content)
        os.replace(fresh, path)
    except OSError as error:
        raise OperatorError(message("cli.cannot_write", path=str(path), reason=os_reason(error))) from None
    return path


def code_of(result: ScanResult) -> int:
    """The contract's exit code of a run."""
    from camagent.model.finding import Verdict

    return exit_code(result.count(Verdict.NOT_READY), result.count(Verdict.UNDETERMINED), result.count(Verdict.READY))


def remembered(store: Store | None, clock: Clock) -> Memory:
    """What earlier runs of this machine left behind; nothing without a store."""
    from camagent.agent.record import read_memory
    from camagent.inventory.earlier_runs import Memory

    return read_memory(store, clock.now()) if store is not None else Memory()


def warn(text: str) -> None:
    """One line to stderr, where it disturbs no JSON."""
    click.echo(text, err=True)
    sys.stderr.flush()
