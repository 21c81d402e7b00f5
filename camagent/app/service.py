"""The service put together: agent, exporter and store by the configuration, and what a reload changes."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from camagent.agent.announcements import announcements
from camagent.agent.environment import Environment
from camagent.agent.loop import Agent
from camagent.agent.record import StoreRecord
from camagent.agent.schedule import Cadence, Schedule, parse_hour, parse_quiet_hours
from camagent.agent.sd_notify import Notifier
from camagent.agent.site_settings import SiteSettings
from camagent.agent.watched_site import WatchedSite
from camagent.app import (
    RunOptions,
    credential_book,
    fleet_options,
    make_fleet,
    make_order,
    read_config,
    read_inventory_file,
    remembered,
    search_plan,
    shared_ledger,
)
from camagent.discover.hello import Presence, open_hello
from camagent.exporter.server import Exporter, ExporterOptions
from camagent.exporter.web_config import MAX_FILE_BYTES, WebConfig, parse_web_config
from camagent.model.clock import Clock
from camagent.model.fault import Fault
from camagent.model.operator_error import OperatorError
from camagent.model.scan_result import VIETNAM
from camagent.model.text import Message, message
from camagent.operator_files import read_text
from camagent.operator_files.config import Config
from camagent.platform.ending import on_end
from camagent.platform.process import on_reload
from camagent.platform.resident_memory import freeze_start, give_back
from camagent.platform.system_clock import SystemClock
from camagent.store import Store

WILDCARDS = {"0.0.0.0", "::", "*"}
"""What stands for every address is the name of none: a browser that is sent to 0.0.0.0 reaches loopback."""


@dataclass(frozen=True, slots=True)
class Speech:
    """How the service speaks."""

    text: Callable[[Message], str]
    """A sentence in the language of the log."""
    log: Callable[[str, int], None]
    """One line, with its level as of `logging`."""

    def tell(self, sentence: Message, level: int = logging.INFO) -> None:
        """Into the log."""
        self.log(self.text(sentence), level)

    def warn(self, *sentences: Message) -> None:
        """The same of what somebody should look at."""
        for sentence in sentences:
            self.tell(sentence, logging.WARNING)


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


async def serve(parts: Parts, store: Store, speech: Speech) -> None:
    """Watch the site until the process is told to end.

    Raises: OperatorError for what the configuration or the machine does not allow, before the first packet.
    """

    config, clock, notifier = parts.config, SystemClock(), Notifier()
    settings = site_settings(config, store)
    async with AsyncExitStack() as stack:
        ledger = stack.enter_context(shared_ledger(config, speech.warn))
        fleet = await stack.enter_async_context(make_fleet(config, ledger))
        record = StoreRecord(store, speech.warn)
        stack.push_async_callback(record.close)
        site = WatchedSite(settings, fleet, speech.warn)
        restored = await record.restore(clock.now())
        site.restore(restored.cameras, restored.memory)
        agent = Agent(settings.order.site, settings.order.stamp, site, watch_schedule(config))
        agent.show_restored(restored.document)
        exporter, url = await _open_exporter(parts, agent, speech)
        stack.push_async_callback(exporter.close)
        running = Running(parts, store, site, agent, exporter, notifier)
        stop = _listen_to_signals(speech, lambda: _reload(running, speech))
        presences = _announced(settings, clock, speech)
        environment = Environment(
            clock, record, notifier, VIETNAM, speech.text, speech.warn, give_back, presences, ledger.new_day
        )
        freeze_start()
        notifier.ready(speech.text(message("agent.starting")))
        speech.tell(message("agent.started", site=config.site.name or config.site.id or "?", url=url))
        await agent.run(environment, stop)
        notifier.stopping()
    speech.tell(message("agent.stopped"))


def _announced(settings: SiteSettings, clock: Clock, speech: Speech) -> AsyncIterator[Presence] | None:
    """Listens for cameras that announce themselves; where it cannot, the next search finds them."""

    listener = open_hello(settings.plan().interfaces, clock)
    if isinstance(listener, Fault):
        speech.tell(
            message("agent.no_hello", reason=message(f"faults.{listener.code.value}")), logging.WARNING
        )
        return None
    return announcements(listener)


async def _open_exporter(parts: Parts, agent: Agent, speech: Speech) -> tuple[Exporter, str]:

    web = web_config(parts.config)
    host, port = parts.address(parts.config)
    options = ExporterOptions(host, port, parts.config.agent.language, parts.names(parts.config), web)
    _warn_if_open(options, speech)
    exporter = Exporter(options, agent)
    host, port = await exporter.open()
    shown = f"[{host}]" if ":" in host else host
    return exporter, f"{'https' if web.tls else 'http'}://{shown}:{port}/"


def _warn_if_open(options: ExporterOptions, speech: Speech) -> None:
    local = options.host in ("localhost", "::1") or options.host.startswith("127.")
    if not local and not options.web.users and (options.web.tls is None or not options.web.tls.verify):
        speech.warn(message("agent.open_to_all", listen=f"{options.host}:{options.port}"))


def _listen_to_signals(speech: Speech, reload: Callable[[], None]) -> asyncio.Event:
    stop = asyncio.Event()

    def end() -> None:
        if not stop.is_set():
            speech.tell(message("agent.stopping"))
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


def _reload(running: Running, speech: Speech) -> None:
    """Take up the configuration as a whole, or keep the one in force as a whole."""

    running.notifier.reloading()
    try:
        config = running.parts.reread()
        settings, web = site_settings(config, running.store), web_config(config)
        address = running.parts.address(config)
        running.exporter.reload(web, running.parts.names(config))
    except OperatorError as error:
        running.agent.refuse_reload()
        reason = "; ".join(speech.text(problem) for problem in error.problems)
        speech.tell(message("agent.reload_failed", reason=reason), logging.ERROR)
    else:
        if address != running.parts.address(running.parts.config):
            speech.tell(message("agent.reload_listen", listen=config.agent.listen), logging.WARNING)
        running.site.follow(settings)
        running.agent.adopt(settings.order.site, settings.order.stamp, watch_schedule(config))
        running.parts.config = config
        speech.tell(message("agent.reloaded"))
    finally:
        running.notifier.ready(speech.text(message("agent.reloaded")))


def site_settings(config: Config, store: Store) -> SiteSettings:
    """By what the agent watches its site; every mistake in the configuration is told here, before the first
    packet.

    Raises: OperatorError.
    """
    options, inventory = RunOptions(), read_inventory_file(config.discovery.inventory)
    book = credential_book(config, os.environ)
    order = make_order(config, options, inventory, book, remembered(store))
    search_plan(config, options, inventory)
    return SiteSettings(
        order, fleet_options(config, options, order), lambda: search_plan(config, options, inventory)
    )


def watch_schedule(config: Config) -> Schedule:
    """When the agent does what, by the configuration."""
    cadence = Cadence(stream_s=config.agent.stream_minutes * 60)
    quiet = tuple(parse_quiet_hours(span) for span in config.agent.quiet_hours)
    night = config.schedule.night
    return Schedule(cadence, quiet, parse_hour(night) if night is not None else None)


def web_config(config: Config) -> WebConfig:
    """How the exporter is reached.

    Raises: OperatorError.
    """
    if config.agent.web_config is None:
        return WebConfig()
    return load_web_config(config.agent.web_config)


def load_web_config(path: Path) -> WebConfig:
    """Read and check the web-config file of the exporter.

    Raises: OperatorError with the first problem.
    """
    return parse_web_config(read_text(path, MAX_FILE_BYTES), path)
