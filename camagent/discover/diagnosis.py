"""Why may nothing be found from this machine? Judges facts, each with one sentence and what to do. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, combinations

from camagent.discover.interfaces import Interface, Medium, default_ranges, usable_interfaces
from camagent.discover.network_facts import MachineFacts
from camagent.model.text import Filling, Message, message

EARLIEST_YEAR = 2026  # camagent did not exist before: an earlier clock has lost its battery
FEW_OPEN_FILES = 256  # 128 connections of the search, sockets of every interface, libraries and files
MANY_OPEN_FILES = 1024  # 64 cameras at once with two connections each, and room
LITTLE_DISK_BYTES = 100_000_000  # a store and two reports of a school need less, but not much less
WHOLE_FROM_GB = 10  # from there on no decimals are read
SOME_DISK_BYTES = 1_000_000_000  # a year of scans, with room for other programs


class Level(StrEnum):
    """How much one fact stands in the way."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One line of the doctor."""

    check: str
    """One of the keys of `CHECKS`, or "logins"."""
    level: Level
    message: Message
    remedy: Message | None = None


ADMINISTRATORS = frozenset(("admin", "administrator", "root", "888888", "666666", "service", "supervisor"))
"""Names that makers give to the account which may change everything."""


def judge_machine(facts: MachineFacts) -> tuple[Diagnosis, ...]:
    """Every check in order; a check that finds nothing wrong says so."""
    return tuple(chain.from_iterable(check(facts) for check in CHECKS.values()))


def is_able(diagnoses: tuple[Diagnosis, ...]) -> bool:
    """True if nothing makes a search impossible."""
    return all(diagnosis.level is not Level.FAIL for diagnosis in diagnoses)


def _line(check: str, level: Level, what: str, **args: Filling) -> Diagnosis:
    remedy = None if level is Level.OK else Message(f"discover.doctor.{what}_remedy")
    return Diagnosis(check, level, Message(f"discover.doctor.{what}", tuple(sorted(args.items()))), remedy)


def judge_logins(users: Iterable[str]) -> Diagnosis:
    """The user names of the log-ins that camagent was given: one that may only view is enough."""
    strong = sorted({user for user in users if user.casefold() in ADMINISTRATORS})
    if strong:
        return _line("logins", Level.WARN, "administrator", users=", ".join(strong))
    return _line("logins", Level.OK, "no_administrator")


def _interfaces(facts: MachineFacts) -> Iterator[Diagnosis]:
    usable, notes = usable_interfaces(facts.interfaces)
    for note in notes:
        if note.code in ("no_carrier", "no_address", "tunnel_interface", "container_interface"):
            yield _line("interfaces", Level.WARN, note.code, interface=note.detail)
    if not usable:
        yield _line("interfaces", Level.FAIL, "no_interface")
        return
    for interface in usable:
        addresses = ", ".join(map(str, (*interface.ipv4, *interface.ipv6)))
        yield _line("interfaces", Level.OK, "interface", interface=interface.name, addresses=addresses)
        if interface.ipv4 and all(own.ip.is_link_local for own in interface.ipv4):
            yield _line("interfaces", Level.WARN, "link_local", interface=interface.name)
        if interface.wireless:
            yield _line("interfaces", Level.WARN, "wireless", interface=interface.name)
    if all(own.ip.is_link_local for own in chain.from_iterable(interface.ipv4 for interface in usable)):
        yield _line("interfaces", Level.FAIL, "no_ipv4")
    yield from _same_network(usable)


def _same_network(usable: tuple[Interface, ...]) -> Iterator[Diagnosis]:
    for left, right in combinations(usable, 2):
        shared = {own.network for own in left.ipv4} & {own.network for own in right.ipv4}
        for network in sorted(shared):
            names = f"{left.name}, {right.name}"
            yield _line("interfaces", Level.WARN, "same_network", interfaces=names, subnet=str(network))


def _multicast(facts: MachineFacts) -> Iterator[Diagnosis]:
    usable = {interface.name for interface in usable_interfaces(facts.interfaces)[0]}
    broken = [(name, error) for name, error in facts.multicast_errors if name in usable]
    for name, error in broken:
        level = Level.FAIL if len(broken) == len(usable) else Level.WARN
        yield _line("multicast", level, "no_multicast", interface=name, reason=error)
    if usable and not broken:
        yield _line("multicast", Level.OK, "multicast")
    tunnels = {i.name for i in facts.interfaces if i.medium is Medium.TUNNEL}
    for name in facts.default_interfaces:
        if name in tunnels:
            yield _line("multicast", Level.WARN, "vpn_route", interface=name)


def _ranges(facts: MachineFacts) -> Iterator[Diagnosis]:
    usable, _ = usable_interfaces(facts.interfaces)
    ranges, notes = default_ranges(usable)
    if ranges:
        yield _line("ranges", Level.OK, "ranges", ranges=", ".join(map(str, ranges)))
    for note in notes:
        if note.code in ("public_range", "range_narrowed"):
            yield _line("ranges", Level.WARN, note.code, range=note.detail)
    for route in facts.routes:
        if route.own is None:
            yield _line("ranges", Level.FAIL, "no_route", to=route.to)
        elif _is_beyond(route.to, facts.interfaces):
            yield _line("ranges", Level.WARN, "behind_router", to=route.to)


def _is_beyond(text: str, interfaces: tuple[Interface, ...]) -> bool:
    network = ipaddress.ip_network(text, strict=False)
    return not any(interface.holds(str(network.network_address)) for interface in interfaces)


def _port(facts: MachineFacts) -> Iterator[Diagnosis]:
    if facts.wsd_port_busy:
        yield _line("port", Level.WARN, "port_busy")
    else:
        yield _line("port", Level.OK, "port_free")


def _firewall(facts: MachineFacts) -> Iterator[Diagnosis]:
    for name in facts.firewalls:
        if name == "windows_allows":
            yield _line("firewall", Level.OK, name)
        elif name.startswith("windows_"):
            yield _line("firewall", Level.WARN, name)
        else:
            yield _line("firewall", Level.WARN, "firewall", name=name)
    if not facts.firewalls:
        yield _line("firewall", Level.OK, "no_firewall")


def _container(facts: MachineFacts) -> Iterator[Diagnosis]:
    if facts.in_container:
        yield _line("container", Level.WARN, "in_container")


def _clock(facts: MachineFacts) -> Iterator[Diagnosis]:
    shown = facts.now  # written in the country's own time, as the phone that it is compared with
    if facts.now.year < EARLIEST_YEAR:
        yield _line("clock", Level.FAIL, "clock_wrong", now=shown)
    elif facts.clock_synchronised is None:
        yield _line("clock", Level.WARN, "clock_unknown", now=shown)
    elif not facts.clock_synchronised:
        yield _line("clock", Level.WARN, "clock_free", now=shown)
    else:
        yield _line("clock", Level.OK, "clock", now=shown)


def _files(facts: MachineFacts) -> Iterator[Diagnosis]:
    if facts.open_files is None:
        return
    if 0 <= facts.open_files < MANY_OPEN_FILES:
        level = Level.FAIL if facts.open_files < FEW_OPEN_FILES else Level.WARN
        yield _line("files", level, "few_files", limit=facts.open_files, wanted=MANY_OPEN_FILES)
    else:
        yield _line("files", Level.OK, "files", limit=facts.open_files)


def _disk(facts: MachineFacts) -> Iterator[Diagnosis]:
    if facts.free_bytes is None:
        yield _line("disk", Level.WARN, "disk_unknown", place=facts.data_dir)
        return
    gigabytes = _gigabytes(facts.free_bytes)
    if facts.free_bytes < SOME_DISK_BYTES:
        level = Level.FAIL if facts.free_bytes < LITTLE_DISK_BYTES else Level.WARN
        yield _line("disk", level, "little_disk", place=facts.data_dir, gigabytes=gigabytes)
    else:
        yield _line("disk", Level.OK, "disk", place=facts.data_dir, gigabytes=gigabytes)


CHECKS: dict[str, Callable[[MachineFacts], Iterator[Diagnosis]]] = {
    "interfaces": _interfaces,
    "multicast": _multicast,
    "ranges": _ranges,
    "port": _port,
    "firewall": _firewall,
    "container": _container,
    "clock": _clock,
    "files": _files,
    "disk": _disk,
}
"""Every check, in the order in which it is told."""


def verdict(diagnoses: tuple[Diagnosis, ...]) -> Message:
    """The last line: able, able with reservations, or not."""
    if not is_able(diagnoses):
        return message("discover.doctor.unable")
    if any(diagnosis.level is Level.WARN for diagnosis in diagnoses):
        return message("discover.doctor.able_but")
    return message("discover.doctor.able")


def _gigabytes(count_bytes: int) -> float:
    """With the digits that a person reads: 0.5, 8.3, 82."""
    gigabytes = count_bytes / 1e9
    return round(gigabytes, 1) if gigabytes < WHOLE_FROM_GB else float(round(gigabytes))
