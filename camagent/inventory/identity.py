"""Which camera is this? A stable id from several weak signs, and recognition of cameras that we know. Pure.

No single sign can be trusted: serials and MACs are placeholders on cheap devices, addresses move with DHCP,
certificates are shared by a whole series. So signs are collected, placeholders dropped, and a camera is
recognised by the sum of what agrees and what contradicts. The id is made once, when a camera is new;
afterwards `match` hands the old id back.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import product

from camagent.model.device import DeviceFacts, DeviceInformation, NetworkFacts, TlsFacts
from camagent.model.earlier_runs import KnownDevice, Signs
from camagent.model.usable_numbers import (
    MAX_SIGN_CHARS,
    as_plain,
    mac_of_endpoint,
    usable_endpoint,
    usable_mac,
    usable_serial,
)

MAX_MACS = 8  # interfaces of one device, wired and wireless


# What one sign says for or against two sightings being one camera. One strong sign alone (serial, MAC) makes
# a match; one weak sign alone does not; a strong sign that contradicts outweighs any weak agreement, a MAC
# everything.
_AGREE = {"serial": 4, "mac": 4, "link": 4, "epr": 3, "certificate": 2, "address": 1, "model": 1}
# another link is no other camera by itself: one with two network cards is plugged into the other
_CONTRADICT = {"serial": -4, "link": -2, "epr": -1, "certificate": -1, "address": 0, "model": -2}
_ENOUGH = 3
_STRONG = ("serial", "mac", "epr")
_ID_ORDER = ("serial", "mac", "epr", "link", "certificate", "address")


@dataclass(frozen=True, slots=True)
class Identity:
    """A camera's id and what it rests on."""

    id: str
    """ "cam-" and twelve hex digits."""
    signs: tuple[str, ...]
    """The kinds of sign that were usable, strongest first."""
    strength: str
    """One of "strong" (serial, MAC or endpoint), "weak" (certificate, or the MAC that answered ARP) or
    "address" (nothing but where it is)."""


@dataclass(frozen=True, slots=True)
class DeviceSigns:
    """One camera as it was seen in this run, before it is recognised."""

    address: str
    video_source: str | None
    signs: Signs
    service_url: str | None = None
    """As in `KnownDevice`."""


@dataclass(frozen=True, slots=True)
class Match:
    """How a sighting relates to what is known."""

    change: str
    """One of "same", "moved" (known, another address), "replaced" (another camera at a known address) or
    "new"."""
    device: KnownDevice | None = None
    """The camera recognised ("same", "moved"), or the one that stood there before ("replaced")."""


def camera_id(
    device: DeviceFacts | None,
    address: str,
    video_source: str | None,
    ignored: frozenset[tuple[str, str]] = frozenset(),
) -> Identity:
    """The id of a camera that nobody knows yet.

    `video_source` only where the device has several; `ignored` from `shared_signs`.
    """
    return identity_of(sighting(device, address, video_source), ignored)


def identity_of(
    now: DeviceSigns,
    ignored: frozenset[tuple[str, str]] = frozenset(),
    foreign_ids: AbstractSet[str] = frozenset(),
) -> Identity:
    """The id that these signs make: from the strongest one alone, so that gaining a weak one changes nothing.

    The first source is the device itself, so that a second one that appears or vanishes renames nothing;
    `foreign_ids`: ids that are some camera's already.
    """
    signs = [sign for sign in now.signs if sign not in ignored]
    usable = [sign for sign in signs if sign[0] in _ID_ORDER]
    kind, value = min(usable, key=lambda sign: _ID_ORDER.index(sign[0]), default=("address", now.address))
    is_first = (_channel(now.signs) or "").startswith("1/")
    made = _id_from(kind, value, "" if is_first else now.video_source or "")
    if made in foreign_ids and is_first:
        made = _id_from(kind, value, now.video_source or "")
    kinds = tuple(k for k in _AGREE if any(k == s[0] for s in signs))
    return Identity(made, kinds, _strength(kind))


def _strength(kind: str) -> str:
    if kind in _STRONG:
        return "strong"
    return "weak" if kind in ("certificate", "link") else "address"


def _id_from(kind: str, value: str, source: str) -> str:
    return "cam-" + hashlib.sha256(f"{kind}\n{value}\n{source}".encode()).hexdigest()[:12]


def sighting(
    device: DeviceFacts | None,
    address: str,
    video_source: str | None,
    channel: str | None = None,
    link: str | None = None,
) -> DeviceSigns:
    """The usable signs of one camera; placeholders are left out. `channel` from `channel_sign`.

    link: the MAC that answered ARP for a device that answered us; many a camera does not tell its own.
    """
    signs: dict[tuple[str, str], None] = {}
    if device is not None:
        if isinstance(device.information, DeviceInformation):
            _add(signs, "serial", usable_serial(device.information.serial, address))
            _add(signs, "model", as_plain(device.information.model))
        stated = device.network.macs if isinstance(device.network, NetworkFacts) else ()
        for mac in stated[:MAX_MACS]:
            _add(signs, "mac", usable_mac(mac))
        _add(signs, "epr", usable_endpoint(device.target.endpoint))
        _add(signs, "mac", mac_of_endpoint(device.target.endpoint))
        if isinstance(device.tls, TlsFacts):
            _add(signs, "certificate", device.tls.fingerprint_sha256)
    if device is not None:
        _add(signs, "link", usable_mac(link))
    _add(signs, "address", address)
    _add(signs, "channel", channel)
    return DeviceSigns(
        address, video_source, tuple(signs), device.service_url if device is not None else None
    )


def channel_sign(place: int, count: int, name: str | None) -> str:
    """Which of a device's sources: its place among them and its name, which outlive the token."""
    return f"{place}/{count} {name or ''}".strip()


def _signs_by_address(sightings: Sequence[DeviceSigns]) -> dict[str, set[tuple[str, str]]]:
    by_address: dict[str, set[tuple[str, str]]] = {}
    for sighting in sightings:
        by_address.setdefault(sighting.address, set()).update(sighting.signs)
    return by_address


def shared_signs(sightings: Sequence[DeviceSigns]) -> frozenset[tuple[str, str]]:
    """Signs that stand at two addresses of one run: unknown placeholders, cloned serials, factory keys."""
    places: Counter[tuple[str, str]] = Counter()
    for signs in _signs_by_address(sightings).values():
        places.update(signs)
    return frozenset(
        sign for sign, count in places.items() if count > 1 and sign[0] not in ("model", "address", "channel")
    )


def remember(identity: Identity | str, signs: DeviceSigns) -> KnownDevice:
    """What to store of a sighting under its id."""
    key = identity if isinstance(identity, str) else identity.id
    return KnownDevice(key, signs.address, signs.video_source, signs.signs, signs.service_url)


def match_all(
    devices: Sequence[KnownDevice],
    sights: Sequence[DeviceSigns],
    ignored: frozenset[tuple[str, str]] = frozenset(),
) -> tuple[Match, ...]:
    """Recognise every sighting of a run, each known camera at most once; in the order of `sights`.

    The best score wins, the same address breaks a tie.
    """
    before = [_Sorted(device.video_source, _by_kind(device.signs, ignored)) for device in devices]
    now = [_Sorted(sight.video_source, _by_kind(sight.signs, ignored)) for sight in sights]
    places = product(range(len(now)), range(len(before)))
    scores = ((_score(before[j], now[i]), i, j) for i, j in places)
    pairs = sorted((entry for entry in scores if entry[0] > 0), key=lambda entry: (-entry[0], *entry[1:]))
    pair_of: dict[int, int] = {}
    partners: set[int] = set()
    for is_source in (_same_token, _same_channel, _no_token):  # a source that kept its token is not another's
        for by_place in (
            False,
            True,
        ):  # first what signs say; then those that nothing but their place speaks for
            for score, i, j in pairs:
                enough = _only_place(before[j], now[i]) if by_place else score >= _ENOUGH
                if enough and i not in pair_of and j not in partners and is_source(before[j], now[i]):
                    pair_of[i] = j
                    partners.add(j)
    return tuple(_describe(devices, s, pair_of.get(i), partners) for i, s in enumerate(sights))


def _add(signs: dict[tuple[str, str], None], kind: str, value: str | None) -> None:
    if value:
        signs.setdefault((kind, value[:MAX_SIGN_CHARS]))


@dataclass(frozen=True, slots=True)
class _Sorted:
    """Signs by kind, placeholders shared by several cameras left out."""

    video_source: str | None
    values: dict[str, frozenset[str]]


def _by_kind(signs: Signs, ignored: frozenset[tuple[str, str]]) -> dict[str, frozenset[str]]:
    kinds: dict[str, set[str]] = {}
    for sign in signs:
        if sign not in ignored:
            kinds.setdefault(sign[0], set()).add(sign[1])
    return {kind: frozenset(values) for kind, values in kinds.items()}


def _score(device: _Sorted, sight: _Sorted) -> int:
    """For or against one device; a MAC that contradicts outweighs everything: two devices may share all the
    rest."""
    total = 0
    for kind, before in device.values.items():
        now = sight.values.get(kind)
        if now and kind in _AGREE:
            if kind == "mac" and before.isdisjoint(now):
                return -1
            total += _CONTRADICT[kind] if before.isdisjoint(now) else _AGREE[kind]
    return total


def _same_token(device: _Sorted, sight: _Sorted) -> bool:
    return device.video_source == sight.video_source


def _same_channel(device: _Sorted, sight: _Sorted) -> bool:
    """Another token at the same place with the same name, or both the only source: an update renames
    tokens."""
    before, now = device.values.get("channel", frozenset()), sight.values.get("channel", frozenset())
    single = all(next(iter(signs), "").startswith("1/1") for signs in (before, now))
    return bool(before and now) and (before == now or single)


def _no_token(device: _Sorted, sight: _Sorted) -> bool:
    """One of them names no source: remembered before tokens were kept, or too silent to say."""
    return device.video_source is None or sight.video_source is None


def _channel(signs: Signs) -> str | None:
    return next((value for kind, value in signs if kind == "channel"), None)


def _only_place(device: _Sorted, sight: _Sorted) -> bool:
    if device.values.get("address") != sight.values.get("address"):
        return False
    pairs = ((device.values.get(k), sight.values.get(k)) for k in ("serial", "mac", "link", "model"))
    return not any(before and now and before.isdisjoint(now) for before, now in pairs)


def _describe(
    devices: Sequence[KnownDevice], sight: DeviceSigns, j: int | None, partners: AbstractSet[int]
) -> Match:
    if j is not None:
        return Match("same" if devices[j].address == sight.address else "moved", devices[j])
    for index, device in enumerate(devices):
        alike = device.video_source in (None, sight.video_source) or sight.video_source is None
        if index not in partners and device.address == sight.address and alike:
            return Match("replaced", device)
    return Match("new")
