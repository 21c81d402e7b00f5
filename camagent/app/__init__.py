"""The composition root: the one place where doors, options and stores are put together.

Commands bring arguments and print; what they run is made here from the configuration and the options of the
run. Heavy modules are imported by the function that needs them, so that a command loads only its own.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from camagent.model.operator_error import OperatorError
from camagent.model.text import Message, message
from camagent.platform.system_clock import SystemClock

if TYPE_CHECKING:
    from camagent.discover.plan import DiscoveryPlan
    from camagent.model.credential_book import BoundCredential, CredentialBook
    from camagent.model.earlier_runs import Memory
    from camagent.model.scan_result import Declaration
    from camagent.model.secret import Credential
    from camagent.operator_files.config import Config
    from camagent.run.context import JudgingContext
    from camagent.run.fleet import Fleet, FleetOptions
    from camagent.store import Store
    from camagent.store.refused_logins import LoginRecord
    from camagent.wire.login_ledger import LoginLedger

WATCH_SLACK_S = 25.0  # connect, log-in, one BUSY retry and TEARDOWN beside the window itself


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What a run is asked for beside the configuration; None means: as the configuration says."""

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
    trust_new: bool = False
    user: str | None = None
    password_file: Path | None = None
    site_id: str | None = None
    site_name: str | None = None
    group_readable: bool = False
    output_format: str = "table"


def read_config(path: Path | None) -> Config:
    """The configuration that was named, else the usual place, else the defaults.

    Raises: OperatorError with every problem at once.
    """
    from camagent.operator_files.config import Config, load_config

    if path is None:
        usual = config_dir() / "camagent.toml"
        if not usual.exists():
            return Config()
        path = usual
    return load_config(path)


def with_site(config: Config, options: RunOptions) -> Config:
    """The configuration, its site as the options name it.

    Raises: OperatorError for a name or code that the configuration would not take either.
    """
    from camagent.operator_files.config import parse_config

    named = {
        key: value
        for key, value in (("id", options.site_id), ("name", options.site_name))
        if value is not None
    }
    if not named:
        return config
    table = {**config.site.model_dump(), **named}
    return config.model_copy(
        update={"site": parse_config({"site": table}, Path("--site-id, --site-name")).site}
    )


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


def credential_book(
    config: Config, environment: Mapping[str, str], typed: tuple[BoundCredential, ...] = ()
) -> CredentialBook:
    """Every log-in that the operator bound to an address: typed for this run, configuration and credential
    store.

    What was typed goes before another one of the same range; a narrower range wins all the same.
    Raises: OperatorError where one cannot be read.
    """
    from camagent.model.credential_book import CredentialBook
    from camagent.operator_files.credential_file import CredentialStore, configured_credentials

    entries = configured_credentials(config.credential, environment)
    kept = CredentialStore(data_dir(config), config_dir()).entries()
    return CredentialBook((*typed, *entries, *kept))


def bound_to_search(login: Credential, plan: DiscoveryPlan, named: bool) -> tuple[BoundCredential, ...]:
    """A log-in that was typed for a whole search, bound to its ranges: new devices there are not given it
    unasked.

    named: the operator named the ranges; else the search may bring anybody of the interfaces' own networks.
    """
    from camagent.model.credential_book import BoundCredential

    addresses = chain.from_iterable(interface.ipv4 for interface in plan.interfaces)
    own = () if named else [address.network for address in addresses]
    networks = dict.fromkeys((*map(str, plan.subnets), *map(str, own)))
    return tuple(BoundCredential(network, login) for network in networks)


def read_inventory_file(path: Path | None) -> tuple[Declaration, ...]:
    """What should be there, by the school's own list.

    Raises: OperatorError with every error of the file at once.
    """
    if path is None:
        return ()
    from camagent.operator_files.inventory_file import read_inventory

    return read_inventory(path)


def make_order(
    config: Config,
    options: RunOptions,
    inventory: tuple[Declaration, ...],
    book: CredentialBook,
    memory: Memory,
) -> JudgingContext:
    """Everything a run is judged by.

    Raises: OperatorError for a wrong requirement profile, price file or firmware list, every problem at once.
    """
    from camagent.app.requirements import load_profile
    from camagent.operator_files.firmware_list import load_firmware_list
    from camagent.operator_files.price_file import load_prices
    from camagent.run.context import JudgingContext
    from camagent.run.recognition import site_facts
    from camagent.run.visit import Judge

    requirement_profile = load_profile(options.requirement_profile or config.check.profile)
    price_file = options.prices or config.check.prices
    prices = load_prices(price_file) if price_file is not None else None
    firmware = load_firmware_list(config.check.firmware) if config.check.firmware is not None else ()
    uplink_bps = config.site.uplink_mbps * 1e6 if config.site.uplink_mbps is not None else None
    facts = site_facts(config.as_site(), uplink_bps, SystemClock().now(), memory)
    judge = Judge(requirement_profile, replace(facts, firmware=firmware), prices)
    return JudgingContext(judge, requirement_profile.stamp, book, inventory, memory)


def search_plan(
    config: Config, options: RunOptions, inventory: tuple[Declaration, ...] = ()
) -> DiscoveryPlan:
    """Where this run looks, on the interfaces that the machine has now; refused before the first packet.

    Raises: OperatorError with every problem at once.
    """
    from camagent.discover.interfaces import list_interfaces
    from camagent.discover.plan import make_plan

    where = config.discovery
    addresses = tuple(declared.address for declared in inventory if declared.address)
    interfaces, subnets = options.interfaces or where.interfaces, options.subnets or where.subnets
    plan = make_plan(list_interfaces(), interfaces, subnets, addresses)
    return replace(
        plan,
        onvif_ports=where.onvif_ports or plan.onvif_ports,
        rtsp_ports=where.rtsp_ports or plan.rtsp_ports,
    )


def fleet_options(config: Config, options: RunOptions, order: JudgingContext) -> FleetOptions:
    """How each camera is asked and watched: the options of this run over the configuration.
    The ports that are tried are those that the requirement profile judges."""
    from camagent.interrogate.interview import InterviewOptions
    from camagent.model.stream import TransportChoice
    from camagent.observe.watch import WatchOptions
    from camagent.run.fleet import FleetOptions

    window_s = options.window_s if options.window_s is not None else config.check.window_s
    watch = WatchOptions(
        window_s=window_s,
        transport=TransportChoice(options.transport or config.check.transport),
        pictures=options.pictures if options.pictures is not None else config.check.pictures,
        budget_s=window_s + WATCH_SLACK_S,
        keep_images=options.keep_images,
    )
    ports = () if options.no_port_check else order.judge.requirement_profile.ports_to_try()
    interview = InterviewOptions(check_ports=ports, try_snapshot=options.try_snapshot)
    if config.discovery.onvif_ports:
        interview = replace(interview, ports=config.discovery.onvif_ports)
    if options.try_default_logins:
        interview = replace(interview, default_logins=factory_logins())
    return FleetOptions(interview, watch, options.record)


def factory_logins() -> tuple[Credential, ...]:
    """The two factory log-ins most often found; never more, because cameras lock out."""
    from camagent.model.secret import Credential, Secret

    return (Credential("admin", Secret("admin")), Credential("admin", Secret("12345")))


def make_fleet(config: Config, ledger: LoginLedger | None = None) -> Fleet:
    """The running limits, pools and log-in memory of a run, by the configuration; to be entered first.

    ledger None: refused log-ins are remembered for this run alone.
    """
    from camagent.run.fleet import Fleet, FleetLimits

    limits = FleetLimits(config.check.devices_at_once, config.check.bandwidth_mbps * 1e6)
    return Fleet(limits, SystemClock(), ledger)


@contextmanager
def shared_ledger(config: Config, tell: Callable[[Message], None]) -> Iterator[LoginLedger]:
    """The ledger of refused log-ins, shared with every other run of this machine; alone where it cannot be
    kept.

    Nothing is read or written before the first log-in is about to be sent.
    """
    from camagent.platform.adapters import read_link_addresses
    from camagent.wire.login_ledger import LoginLedger, OpenedLate

    with ExitStack() as stack:

        def opened() -> LoginRecord | None:
            try:
                return stack.enter_context(open_login_record(config))
            except OperatorError as error:
                tell(message("cli.logins_not_kept", reason=error.problem))
                return None

        yield LoginLedger(OpenedLate(opened), read_link_addresses)


def open_login_record(config: Config) -> LoginRecord:
    """Which log-ins were refused within a day, by any run of this machine.

    Raises: OperatorError where it cannot be kept.
    """
    from camagent.operator_files.credential_file import login_key
    from camagent.store.refused_logins import open_logins

    return open_logins(login_file(config), login_key(config_dir(), data_dir(config)), SystemClock().now)


def login_file(config: Config) -> Path:
    """Where the refused log-ins of this machine are kept."""
    return store_file(config).with_name("logins.sqlite")


def open_site_store(config: Config, tell: Callable[[Message], None] = lambda _: None) -> Store:
    """The record of this machine; `tell` takes one line for each stored result that cannot be read.

    Raises: OperatorError where it cannot be opened.
    """
    from camagent.store import open_store

    return open_store(store_file(config), tell)


def store_file(config: Config) -> Path:
    """Where this machine's record is kept."""
    return data_dir(config) / "camagent.sqlite"


def remembered(store: Store) -> Memory:
    """What earlier runs of this machine left behind."""
    from camagent.agent.record import read_memory

    return read_memory(store, SystemClock().now())


def remembered_by_machine(config: Config, store: Store | None) -> Memory:
    """The same for a run that keeps nothing: it expects the cameras that earlier ones met all the same.

    Nothing where there is no record, or none that can be read.
    """
    from camagent.model.earlier_runs import Memory

    if store is not None:
        return remembered(store)
    if not store_file(config).is_file():
        return Memory()
    try:
        with open_site_store(config) as record:
            return remembered(record)
    except OperatorError:  # a full disk, which was told before
        return Memory()
