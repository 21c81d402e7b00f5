"""`camagent serve`: puts the agent together, listens for signals, and takes it apart again."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from camagent.cli.language import settle, t, tm
from camagent.model.operator_error import OperatorError
from camagent.model.text import message
from camagent.platform.process import leave_no_dump, on_end, on_reload

if TYPE_CHECKING:
    from camagent.agent.loop import Agent
    from camagent.agent.sd_notify import Notifier
    from camagent.agent.settings import SiteSettings
    from camagent.agent.site import WatchedSite
    from camagent.discover.hello import Presence
    from camagent.exporter.server import Exporter, ExporterOptions
    from camagent.model.clock import Clock
    from camagent.model.text import Message
    from camagent.operator_files.config import Config
    from camagent.store import Store

logger = logging.getLogger("camagent")
WILDCARDS = {"0.0.0.0", "::", "*"}
"""What stands for every address is the name of none: a browser that is sent to 0.0.0.0 reaches loopback."""
_PRIORITIES = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}


@click.command("serve", help=t("agent.help.serve"), epilog=t("cli.help.example", example="camagent serve"))
@click.option(
    "--config", "config_path", type=click.Path(path_type=Path, dir_okay=False), help=t("cli.help.config")
)
@click.option("--listen", metavar="HOST:PORT", help=t("agent.help.listen"))
def serve_command(config_path: Path | None, listen: str | None) -> int:
    """Watch the site until SIGTERM or SIGINT; SIGHUP reads the configuration anew."""
    from camagent.app import open_site_store, read_config

    leave_no_dump()
    config = read_config(config_path)
    if "CAMAGENT_LANG" not in os.environ:
        settle(config.agent.language)
    _log_for_journal()
    parts = Parts(config_path, listen, config)
    store = open_site_store(config)
    if store.set_aside is not None:
        _tell_text(t("agent.set_aside", path=str(store.set_aside)))
    try:
        asyncio.run(_serve(parts, store))
    finally:
        store.close()
    return 0


@dataclass
class Parts:
    """From the configuration to what the agent is made of; read again on SIGHUP."""

    config_path: Path | None
    listen: str | None
    config: Config

    def reread(self) -> Config:
        """The configuration as it stands now.

        Raises: OperatorError.
        """
        from camagent.app import read_config

        return read_config(self.config_path)

    def address(self, config: Config) -> tuple[str, int]:
        """Where to listen.

        Raises: OperatorError.
        """
        text = self.listen or config.agent.listen
        host, colon, port = text.rpartition(":")
        host = host.removeprefix("[").removesuffix("]")
        if not colon or not host or not port.isdigit() or int(port) > 65535:
            raise OperatorError(
                message("agent.bad_listen", path=str(self.config_path or "camagent.toml"), listen=text)
            )
        return host, int(port)

    def names(self, config: Config) -> frozenset[str]:
        """The host names that are answered: the configured ones, and the one that we listen on.

        Raises: OperatorError.
        """
        return frozenset((*config.agent.host_names, self.address(config)[0].lower())) - WILDCARDS


async def _serve(parts: Parts, store: Store) -> None:
    from camagent.agent.environment import Environment
    from camagent.agent.loop import Agent
    from camagent.agent.record import StoreRecord
    from camagent.agent.sd_notify import Notifier
    from camagent.agent.site import WatchedSite
    from camagent.app import make_fleet, shared_ledger, site_settings, watch_schedule
    from camagent.platform.resident_memory import give_back, settle
    from camagent.platform.system_clock import SystemClock
    from camagent.text.quantities import VIETNAM

    config, clock, notifier = parts.config, SystemClock(), Notifier()
    settings = site_settings(config, store)
    async with AsyncExitStack() as stack:
        ledger = stack.enter_context(shared_ledger(config, _tell))
        fleet = await stack.enter_async_context(make_fleet(config, ledger))
        record = StoreRecord(store, _tell)
        stack.push_async_callback(record.close)
        site = WatchedSite(settings, fleet, _tell)
        restored = await record.restore(clock.now())
        site.restore(restored.cameras, restored.memory)
        agent = Agent(settings.order.site, settings.order.stamp, site, watch_schedule(config))
        agent.show_restored(restored.document)
        exporter, url = await _open_exporter(parts, agent)
        stack.push_async_callback(exporter.close)
        stop = _listen_to_signals(lambda: _reload(Running(parts, store, site, agent, exporter, notifier)))
        presences = _announced(settings, clock)
        environment = Environment(
            clock, record, notifier, VIETNAM, tm, _tell, give_back, presences, ledger.new_day
        )
        settle()
        notifier.ready(t("agent.starting"))
        _tell_text(t("agent.started", site=config.site.name or config.site.id or "?", url=url))
        await agent.run(environment, stop)
        notifier.stopping()
    _tell_text(t("agent.stopped"))


def _announced(settings: SiteSettings, clock: Clock) -> AsyncIterator[Presence] | None:
    """Listens for cameras that announce themselves; where it cannot, the next search finds them."""
    from camagent.agent.announcements import announcements
    from camagent.discover.hello import open_hello
    from camagent.model.fault import Fault

    listener = open_hello(settings.plan().interfaces, clock)
    if isinstance(listener, Fault):
        _tell_text(t("agent.no_hello", reason=t(f"faults.{listener.code.value}")), logging.WARNING)
        return None
    return announcements(listener)


async def _open_exporter(parts: Parts, agent: Agent) -> tuple[Exporter, str]:
    from camagent.app import web_config
    from camagent.exporter.server import Exporter, ExporterOptions

    web = web_config(parts.config)
    host, port = parts.address(parts.config)
    options = ExporterOptions(host, port, parts.config.agent.language, parts.names(parts.config), web)
    _warn_if_open(options)
    exporter = Exporter(options, agent)
    host, port = await exporter.open()
    shown = f"[{host}]" if ":" in host else host
    return exporter, f"{'https' if web.tls else 'http'}://{shown}:{port}/"


def _warn_if_open(options: ExporterOptions) -> None:
    local = options.host in ("localhost", "::1") or options.host.startswith("127.")
    if not local and not options.web.users and (options.web.tls is None or not options.web.tls.verify):
        _tell_text(t("agent.open_to_all", listen=f"{options.host}:{options.port}"), logging.WARNING)


def _listen_to_signals(reload: Callable[[], None]) -> asyncio.Event:
    stop = asyncio.Event()

    def end() -> None:
        if not stop.is_set():
            _tell_text(t("agent.stopping"))
        stop.set()

    on_end(end)
    on_reload(reload)
    return stop


@dataclass
class Running:
    """What a reload touches."""

    parts: Parts
    store: Store
    site: WatchedSite
    agent: Agent
    exporter: Exporter
    notifier: Notifier


def _reload(running: Running) -> None:
    """Take up the configuration as a whole, or keep the one in force as a whole."""

    from camagent.app import site_settings, watch_schedule, web_config

    running.notifier.reloading()
    try:
        config = running.parts.reread()
        settings, web = site_settings(config, running.store), web_config(config)
        address = running.parts.address(config)
        running.exporter.reload(web, running.parts.names(config))
    except OperatorError as error:
        running.agent.refuse_reload()
        reason = "; ".join(tm(problem) for problem in error.problems)
        _tell_text(t("agent.reload_failed", reason=reason), logging.ERROR)
    else:
        if address != running.parts.address(running.parts.config):
            _tell_text(t("agent.reload_listen", listen=config.agent.listen), logging.WARNING)
        running.site.follow(settings)
        running.agent.adopt(settings.order.site, settings.order.stamp, watch_schedule(config))
        running.parts.config = config
        _tell_text(t("agent.reloaded"))
    finally:
        running.notifier.ready(t("agent.reloaded"))


def _tell(*lines: Message) -> None:
    for line in lines:
        _tell_text(tm(line), logging.WARNING)


def _tell_text(text: str, level: int = logging.INFO) -> None:
    logger.log(level, "%s", text)


def _log_for_journal() -> None:
    """Priorities as journald reads them from stderr; plain lines on a terminal."""
    journal = "JOURNAL_STREAM" in os.environ

    class Line(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            text = " ".join(record.getMessage().split())
            return (
                f"<{_PRIORITIES.get(record.levelno, 6)}>{text}" if journal else f"{record.levelname} {text}"
            )

    handler = logging.StreamHandler()
    handler.setFormatter(Line())
    logging.basicConfig(level=os.environ.get("CAMAGENT_LOG", "INFO").upper(), handlers=[handler], force=True)
