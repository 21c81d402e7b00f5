"""The cameras that should be there, joined with those that this run saw. Pure.

A serial or MAC that is a placeholder identifies no camera.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from camagent.model.discovery import Change, InventoryRow, SeenCamera
from camagent.model.pairs import pairs_of
from camagent.model.scan_result import Declaration
from camagent.model.uri import parse_stream_uri
from camagent.model.usable_numbers import declared_mac, declared_serial, usable_mac, usable_serial


def join(declarations: Sequence[Declaration], cameras: Sequence[SeenCamera]) -> tuple[InventoryRow, ...]:
    """Every declared and every seen camera once: who is there, missing, new, moved or replaced.

    A serial number settles it, then a MAC address, then the place; signs that stand twice settle nothing.
    """
    rows: dict[int, InventoryRow] = {}
    free = dict(enumerate(cameras))
    for declared_signs, seen_signs in _PASSES:
        waiting = ((number, declared) for number, declared in enumerate(declarations) if number not in rows)
        theirs = _unique({number: declared_signs(declared) for number, declared in waiting})
        ours = _unique({number: seen_signs(camera) for number, camera in free.items()})
        for sign, number in theirs.items():
            camera = free.pop(ours.get(sign, -1), None) if number not in rows else None
            if camera is not None:
                declared = declarations[number]
                rows[number] = InventoryRow(_change(declared, camera), declared, camera)
    for number, declared in enumerate(declarations):
        if number not in rows:
            rows[number] = _whole_recorder(declared, free) or InventoryRow(Change.MISSING, declared, None)
    new = [InventoryRow(Change.NEW, None, camera) for camera in free.values()]
    return (*(row for _, row in sorted(rows.items())), *new)


def _whole_recorder(declared: Declaration, free: dict[int, SeenCamera]) -> InventoryRow | None:
    """A line without a channel stands for the first channel of the recorder at its address; the others are
    new."""
    for number, camera in free.items():
        if declared.address and not declared.channel and _host(camera.address) == declared.address.lower():
            del free[number]
            return InventoryRow(_change(declared, camera), declared, camera)
    return None


def _change(declared: Declaration, camera: SeenCamera) -> Change:
    serial, seen_serials = declared_serial(declared), _seen_serials(camera)
    mac, seen_macs = declared_mac(declared), _seen_macs(camera)
    same = bool(set(serial) & set(seen_serials) or set(mac) & set(seen_macs))
    other = (serial and seen_serials and serial != seen_serials) or (
        mac and seen_macs and mac[0] not in seen_macs
    )
    if other and not same:
        return Change.REPLACED
    if declared.address is not None and declared.address.lower() != _host(camera.address):
        return Change.MOVED
    return Change.PRESENT


def _declared_places(declared: Declaration) -> tuple[str, ...]:
    return () if declared.address is None else (f"{declared.address.lower()} {declared.channel or ''}",)


def _seen_serials(camera: SeenCamera) -> tuple[str, ...]:
    serial = usable_serial(camera.serial, _host(camera.address))
    return (serial,) if serial and not camera.channel else ()


def _seen_macs(camera: SeenCamera) -> tuple[str, ...]:
    return () if camera.channel else tuple(mac for text in camera.macs if (mac := usable_mac(text)))


def _seen_places(camera: SeenCamera) -> tuple[str, ...]:
    return (f"{_host(camera.address)} {camera.channel or ''}",)


_PASSES = (
    (declared_serial, _seen_serials),
    (declared_mac, _seen_macs),
    (_declared_places, _seen_places),
)


def _host(address: str) -> str:
    """The host of an address or URL, an IP address in its usual spelling."""
    parsed = parse_stream_uri(address if "://" in address else f"http://{address}")
    host = parsed[0].host if parsed is not None else address.strip("[]")
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return host.lower()


def _unique(signs: Mapping[int, Iterable[str]]) -> dict[str, int]:
    listed = list(dict.fromkeys(pairs_of(signs)))
    count = Counter(sign for _, sign in listed)
    return {sign: number for number, sign in listed if count[sign] == 1}
