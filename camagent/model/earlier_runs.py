"""What earlier runs on a site left behind, and what one run adds to it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from camagent.model.expected import ExpectedCamera
from camagent.model.scan_result import History, ManualAnswer
from camagent.model.stream import NightLook, PictureNumbers
from camagent.model.trust import Trust, TrustedDevice
from camagent.model.uri import StreamUri, parse_stream_uri

Pins = tuple[tuple[str, str], ...]
"""(place, certificate fingerprint); a place is an address, with its port where that is not 443."""


Signs = tuple[tuple[str, str], ...]
"""(kind, value) pairs; kinds are "serial", "mac", "epr", "certificate", "model", "address"; a kind may stand
twice.

"channel" ("3/8 Gate": place, number of sources, name) says which source of a device it is; it speaks for no
device.
"""


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """What is remembered of one camera: strings only, so that any store can hold it."""

    id: str
    address: str
    video_source: str | None
    """The source's token; None where the device names none, and where it was remembered before tokens were
    kept."""
    signs: Signs
    service_url: str | None = None
    """Where its ONVIF device service last answered; None without ONVIF."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What earlier runs on this site left behind."""

    devices: tuple[KnownDevice, ...] = ()
    histories: Mapping[str, History] = field(default_factory=dict)
    """By camera id."""
    pins: Pins = ()
    answers: Mapping[str, tuple[ManualAnswer, ...]] = field(default_factory=dict)
    """By camera id; "" holds for the whole site."""
    references: Mapping[str, tuple[PictureNumbers, ...]] = field(default_factory=dict)
    """By camera id: how its picture was when it was sound, by day and under infrared."""
    night_references: Mapping[str, PictureNumbers] = field(default_factory=dict)
    """By camera id: how its picture was by night when it was sound."""
    nights: Mapping[str, NightLook] = field(default_factory=dict)
    """By camera id: the last look by night."""
    expected: tuple[ExpectedCamera, ...] = ()
    """Every camera that answered once and that nobody forgot; with those that a person retired."""
    trust: Trust = Trust()
    """To whom log-ins for ranges may be given."""


@dataclass(frozen=True, slots=True)
class MemoryChange:
    """What one run adds. Only this is written, so that two runs, or a run and an operator, do not undo each
    other."""

    devices: tuple[KnownDevice, ...] = ()
    """The cameras that were met, as they are now."""
    pins: Pins = ()
    """Of places whose certificate was never seen before."""
    trusted: tuple[TrustedDevice, ...] = ()
    """Devices that let us in."""
    pictures: tuple[SeenPicture, ...] = ()
    """How each camera's picture looked in this run, in numbers."""
    expected: tuple[ExpectedCamera, ...] = ()
    """The cameras that later runs will expect, as they are now."""
    superseded: tuple[str, ...] = ()
    """Ids of cameras in whose place others answered: they are expected no more."""


@dataclass(frozen=True, slots=True)
class SeenPicture:
    """The numbers of one camera's picture in one run."""

    camera_id: str
    numbers: PictureNumbers
    sound: bool
    """Nothing was stated or doubted: it may become the camera's reference."""
    night: NightLook | None = None
    """What a look by night showed; None: it was none."""

    @property
    def makes_reference(self) -> bool:
        """It may be the reference by day or under infrared: colours seen by night are those of lamps."""
        return self.sound and (self.numbers.infrared or self.night is None)


def learned_from(
    memory: Memory, met: Sequence[KnownDevice], shown: Iterable[tuple[str, str]]
) -> MemoryChange:
    """What a run adds to the memory that it began with: cameras met, and the certificates shown at places."""
    before = {device.id for device in memory.devices}
    # An address alone is no sign of who is there: a dead camera must not overwrite what is known of it.
    devices = tuple(d for d in met if d.id not in before or any(kind != "address" for kind, _ in d.signs))
    pins: dict[str, str] = {}
    for place, fingerprint in shown:
        pins.setdefault(place, fingerprint)
    # The first one seen stays, so that a change is told until the operator accepts it.
    return MemoryChange(devices, tuple(pin for pin in pins.items() if pin[0] not in dict(memory.pins)))


def memory_after(memory: Memory, learned: MemoryChange) -> Memory:
    """The memory with what a run added."""
    devices = {device.id: device for device in (*memory.devices, *learned.devices)}
    references, nights = dict(memory.references), dict(memory.nights)
    night_references = dict(memory.night_references)
    for picture in learned.pictures:
        kept = references.get(picture.camera_id, ())
        if picture.makes_reference and all(one.infrared != picture.numbers.infrared for one in kept):
            references[picture.camera_id] = (*kept, picture.numbers)
        if picture.night is not None:
            nights[picture.camera_id] = picture.night
            if picture.sound:
                night_references.setdefault(picture.camera_id, picture.numbers)
        if any(one.infrared for one in references.get(picture.camera_id, ())):
            night_references.pop(picture.camera_id, None)  # that under infrared is the night's own
    trusted = {device.address: device for device in memory.trust.devices}
    for device in learned.trusted:
        trusted[device.address] = device.beside(trusted.get(device.address))
    trust, pins = replace(memory.trust, devices=tuple(trusted.values())), (*memory.pins, *learned.pins)
    expected = {camera.id: camera for camera in (*memory.expected, *learned.expected)}
    gone = frozenset(learned.superseded)
    return replace(
        memory,
        devices=tuple(devices.values()),
        pins=pins,
        references=references,
        night_references=night_references,
        nights=nights,
        trust=trust,
        expected=tuple(camera for camera in expected.values() if camera.id not in gone),
    )


def pin_place(host: str, port: int) -> str:
    """How a certificate's place is written, of web and RTSP ports alike: the address alone for port 443."""
    return StreamUri("https", host, port, "").netloc


def pins_of(pins: Pins, host: str) -> tuple[tuple[int, str], ...]:
    """(port, fingerprint) of one host."""
    beginnings = (host, f"[{host}]")
    streams = (
        (parse_stream_uri(f"https://{place}"), pin)
        for place, pin in pins
        if place.startswith(beginnings)  # most are of other hosts: spares reading them
    )
    return tuple((at[0].port, pin) for at, pin in streams if at is not None and at[0].host == host)


def pin_at(pins: Pins, uri: StreamUri) -> str | None:
    """The certificate that earlier runs saw at a stream's own port; None where they saw none."""
    return dict(pins_of(pins, uri.host)).get(uri.port)
