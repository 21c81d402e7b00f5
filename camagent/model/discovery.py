"""What a search of the network found, what it covered, and how that compares with the inventory. Values
only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from camagent.model.device import DeviceTarget
from camagent.model.scan_result import Declaration
from camagent.model.text import Message


class FoundBy(StrEnum):
    """Which question a device answered."""

    MULTICAST = "multicast"
    DIRECTED = "directed"
    """A WS-Discovery Probe sent to its own address."""
    HTTP = "http"
    """GetSystemDateAndTime without credentials."""
    RTSP = "rtsp"


@dataclass(frozen=True, slots=True)
class Note:
    """One short reason why a search covers less than it seems; `discover.note.CODE` in the catalogues."""

    code: str
    detail: str = ""
    """An interface, an address or a range; empty where the code says it all."""

    def __str__(self) -> str:
        return f"{self.code}:{self.detail}" if self.detail else self.code

    @property
    def message(self) -> Message:
        """The sentence for it."""
        return Message(f"discover.note.{self.code}", (("detail", self.detail),))


@dataclass(frozen=True, slots=True)
class Sighting:
    """One device as the search saw it."""

    target: DeviceTarget
    found_by: tuple[FoundBy, ...]
    interface: str | None = None
    """Where its answer came in, for answers to multicast."""
    off_subnet: bool = False
    """Its address lies in no network of that interface: it is reachable at layer 2 only, until it is given
    a proper address (snow-tree/camera-probe#17)."""


@dataclass(frozen=True, slots=True)
class RtspOnly:
    """An address that speaks RTSP and not ONVIF: a camera whose ONVIF is off, or none at all."""

    host: str
    ports: tuple[int, ...]
    server: str | None
    """The Server header, as the peer wrote it."""
    onvif_login: int | None = None
    """The HTTP port that wants a log-in before it says whether it is ONVIF."""


@dataclass(frozen=True, slots=True)
class Discovery:
    """Everything one search learned; an empty network is a statement with its coverage, never just
    nothing."""

    sightings: tuple[Sighting, ...]
    rtsp_only: tuple[RtspOnly, ...]
    subnets: tuple[str, ...]
    """Ranges that were asked to the end."""
    subnets_asked: tuple[str, ...]
    """Ranges that were to be asked."""
    interfaces: tuple[str, ...]
    """Interfaces through which a multicast probe really left."""
    addresses_probed: int
    addresses_answered: int
    """Of the probed ones: those that gave any answer at all, a refusal included."""
    other_responders: int = 0
    """Printers, PCs and the like that answered WS-Discovery."""
    malformed_datagrams: int = 0
    notes: tuple[Note, ...] = ()
    elapsed_s: float = 0.0
    only_announced: tuple[Sighting, ...] = ()
    """What a flood announced where nobody took or refused a connection."""
    link_addresses: tuple[tuple[str, str], ...] = ()
    """(address, MAC) of who answered ARP on our own segment."""

    @property
    def devices(self) -> tuple[DeviceTarget, ...]:
        """The targets to interrogate, in the order of their addresses."""
        return tuple(sighting.target for sighting in self.sightings)


class Change(StrEnum):
    """What became of one camera since the inventory (or the last run) was written."""

    PRESENT = "present"
    MISSING = "missing"
    NEW = "new"
    MOVED = "moved"
    """The same camera at another address."""
    REPLACED = "replaced"
    """Another camera at the same address."""


@dataclass(frozen=True, slots=True)
class SeenCamera:
    """One camera as this run saw it, in the signs that an inventory can hold."""

    key: str
    """The caller's own key, for example the camera id."""
    address: str
    serial: str | None = None
    macs: tuple[str, ...] = ()
    model: str | None = None
    channel: str | None = None
    """Token of the video source, where one address holds several cameras."""


@dataclass(frozen=True, slots=True)
class InventoryRow:
    """One line of the join of what should be there with what is."""

    change: Change
    declaration: Declaration | None
    """None: the camera is new."""
    camera: SeenCamera | None
    """None: the camera is missing."""
