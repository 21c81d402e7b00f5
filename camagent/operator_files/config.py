"""camagent.toml as a value: every key checked, every error told at once with file and key. No thresholds
here."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from camagent.model.daylight import is_dark
from camagent.model.scan_result import Site
from camagent.operator_files import read_toml_file
from camagent.operator_files.checked import CheckedTable, checked

MAX_CONFIG_BYTES = 1_000_000  # a configuration is a few kilobytes; more is a wrong file

MAX_HOST_NAME = 253  # characters; RFC 1035, 2.3.4
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        raise ValueError("network") from None


def _quiet_hours(text: str) -> str:
    start, sep, end = text.partition("-")
    for part in (start, end):
        hour, colon, minute = part.partition(":")
        digits = sep and colon and hour.isdecimal() and minute.isdecimal()
        if not (
            digits and len(hour) <= 2 and len(minute) == 2 and int(minute) < 60 and int(hour + minute) <= 2400
        ):
            raise ValueError("quiet_hours")
    return text


def _night_hour(text: str) -> str:
    hour, colon, minute = text.partition(":")
    if not (colon and hour.isdecimal() and minute.isdecimal() and len(hour) <= 2 and len(minute) == 2):
        raise ValueError("night_hour")
    at_min = int(hour) * 60 + int(minute)
    if int(minute) >= 60 or at_min >= 24 * 60 or not is_dark(at_min):
        raise ValueError("night_hour")
    return text


def _host_name(text: str) -> str:
    name = text.lower()
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        if len(name) > MAX_HOST_NAME or not all(_LABEL.fullmatch(label) for label in name.split(".")):
            raise ValueError("host_name") from None
    return name


HostName = Annotated[str, AfterValidator(_host_name)]
Network = Annotated[str, AfterValidator(_network)]
NightHour = Annotated[str, AfterValidator(_night_hour)]
QuietHours = Annotated[str, AfterValidator(_quiet_hours)]
Ports = Annotated[tuple[Annotated[int, Field(ge=1, le=65535)], ...], Field(max_length=16)]
"""Sixteen at most: a ladder is climbed at every address, and embedded devices fall over port scans."""


class SiteTable(CheckedTable):
    """Whose network this is."""

    id: str = Field(default="", max_length=64)
    name: str = Field(default="", max_length=200)
    area: str = Field(default="", max_length=200)
    city: str = Field(default="Thành phố Hồ Chí Minh", max_length=200)
    uplink_mbps: float | None = Field(default=None, gt=0)
    levels: tuple[str, ...] = Field(default=(), max_length=3)
    """Names of the levels above a camera, from the school upwards, as the area's lists call them."""


class DiscoveryTable(CheckedTable):
    """Where to look."""

    subnets: tuple[Network, ...] = ()
    interfaces: tuple[str, ...] = ()
    inventory: Path | None = None
    onvif_ports: Ports = ()
    """Where ONVIF is looked for, one port after the other; empty: the usual ones."""
    rtsp_ports: Ports = ()
    """The same for RTSP, where ONVIF is off."""


class CheckTable(CheckedTable):
    """How to look at each camera."""

    profile: str = "ubnd-3288"
    window_s: float = Field(default=10.0, ge=2, le=300)
    transport: Literal["auto", "tcp", "udp"] = "auto"
    pictures: int = Field(default=2, ge=0, le=5)
    devices_at_once: int = Field(default=64, ge=1, le=512)
    bandwidth_mbps: float = Field(default=400.0, gt=0)
    prices: Path | None = None
    firmware: Path | None = None


class CredentialTable(CheckedTable):
    """One log-in and the addresses it may be given to; the password itself stands elsewhere."""

    address: Network
    user: str = Field(min_length=1, max_length=128)
    password_file: Path | None = None
    password_credential: str | None = None
    """Name of a systemd credential (LoadCredential=)."""
    allow_basic: bool = False


class AgentTable(CheckedTable):
    """`camagent serve`."""

    listen: str = "127.0.0.1:9797"
    host_names: tuple[HostName, ...] = Field(default=(), max_length=16)
    """Names under which the status page is asked for, beside loopback and the machine's own address."""
    web_config: Path | None = None
    stream_minutes: float = Field(default=5.0, ge=1, le=1440)
    quiet_hours: tuple[QuietHours, ...] = ()
    language: Literal["vi", "en"] = "vi"
    data_dir: Path | None = None


class ScheduleTable(CheckedTable):
    """When `camagent serve` looks at what only one hour of the day shows."""

    night: NightHour | None = None
    """Local time at which every camera is looked at by night, for example "20:30"."""


class Config(CheckedTable):
    """The whole file."""

    site: SiteTable = SiteTable()
    discovery: DiscoveryTable = DiscoveryTable()
    check: CheckTable = CheckTable()
    schedule: ScheduleTable = ScheduleTable()
    credential: tuple[CredentialTable, ...] = ()
    agent: AgentTable = AgentTable()

    def as_site(self) -> Site:
        """The site as results carry it."""
        return Site(self.site.id, self.site.name, self.site.area, self.site.city)


def load_config(path: Path) -> Config:
    """Read and check a configuration; relative paths in it are taken from its own folder.

    Raises: OperatorError with every problem at once.
    """
    return parse_config(read_toml_file(path, MAX_CONFIG_BYTES), path)


def parse_config(table: dict[str, Any], path: Path) -> Config:
    """Check a table that was read from `path`.

    Raises: OperatorError with every problem at once.
    """
    return _rooted(checked(Config, table, path), path.parent)


def _rooted(config: Config, folder: Path) -> Config:
    """Relative paths are meant from the file they stand in, not from where the command was typed."""

    def root(value: Path | None) -> Path | None:
        return value if value is None or value.is_absolute() else folder / value

    check = config.check
    name = check.profile
    if name.endswith(".toml") and not Path(name).is_absolute():
        name = str(folder / name)
    return config.model_copy(
        update={
            "discovery": config.discovery.model_copy(update={"inventory": root(config.discovery.inventory)}),
            "check": check.model_copy(
                update={"profile": name, "prices": root(check.prices), "firmware": root(check.firmware)}
            ),
            "agent": config.agent.model_copy(
                update={"web_config": root(config.agent.web_config), "data_dir": root(config.agent.data_dir)}
            ),
            "credential": tuple(
                entry.model_copy(update={"password_file": root(entry.password_file)})
                for entry in config.credential
            ),
        }
    )
