"""Two scans, and between them what happens in schools: nothing vanishes, is renamed, or is counted twice.

Every kind of sign that a device may show, alone and with others, for a camera and for a recorder of four
channels, through each of these changes: 192 cases.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product

import pytest

from camagent.model.device import DeviceFacts, DeviceTarget, NetworkFacts
from camagent.run.context import Run
from camagent.run.turn import WatchedSource
from camagent.run.visit import DeviceCheck
from tests.builders import NOW, device_facts, device_information, stream_facts, tls_facts
from tests.each import each
from tests.test_expected import scan, silent

SIGNS = (
    ("serial",),
    ("mac",),
    ("epr",),
    ("link",),
    ("spelled serial", "mac"),
    ("spelled serial", "epr"),
    ("spelled serial", "link"),
    ("serial", "mac", "epr"),
    ("serial", "certificate"),
    ("mac", "certificate"),
    ("serial", "link"),
    ("epr", "link"),
)
CHANNELS = (("V1",), ("V1", "V2", "V3", "V4"))


@dataclass(frozen=True)
class Make:
    """How the devices of one case are made."""

    signs: tuple[str, ...]
    tokens: tuple[str, ...]

    def device(
        self, number: int, place: int, tokens: Sequence[str] | None = None, names: Sequence[str] = ()
    ) -> DeviceCheck:
        """The device with that number at that place, with the signs of this case and no other."""
        address = at(place)
        endpoint = f"urn:uuid:5f5a69c2-e0ae-504f-829b-00{number:02x}69c2e0ae"
        serial = f"SN77{number:06d}" if "serial" in self.signs else None
        if "spelled serial" in self.signs:
            serial = address.replace(".", "")
        mac = f"4c:bd:8f:12:34:{number:02x}"
        print_of = f"{number:064x}" if "certificate" in self.signs else "ab" * 32
        target = DeviceTarget(address, 80, endpoint=endpoint if "epr" in self.signs else None)
        facts = device_facts(
            target=target,
            address=address,
            information=device_information(serial=serial),
            network=NetworkFacts(macs=(mac,) if "mac" in self.signs else ()),
            tls=tls_facts(fingerprint_sha256=print_of),
        )
        shown = tokens or self.tokens
        called = names or [f"K{count}" for count in range(len(shown))]
        sources = (
            WatchedSource(token, name, (stream_facts(),)) for token, name in zip(shown, called, strict=True)
        )
        link = mac if "link" in self.signs else None
        return DeviceCheck(target, facts, tuple(sources), NOW, 5.0, mac=link)


def at(place: int) -> str:
    return f"192.0.2.{10 + place}"


def ids(run: Run, place: int | None = None) -> list[str]:
    """Ids of all cameras of the run, or of those at one place, in the order of their sources."""
    return [
        camera.facts.id for camera in run.result.cameras if place is None or camera.facts.address == at(place)
    ]


def three(first: list[DeviceCheck], second: list[DeviceCheck]) -> tuple[Run, Run]:
    """The first scan and the second; a third says of the second's network what the second said."""
    one = scan(first)
    two = scan(second, one.memory)
    again = scan(second, two.memory)
    assert sorted(ids(again)) == sorted(ids(two)), "the third scan differs"
    assert len(set(ids(two))) == len(ids(two)), "an id twice"
    return one, two


def moves(make: Make) -> None:
    """DHCP gives one of two another address."""
    one, two = three(
        [make.device(1, 1), make.device(2, 2)], [make.device(1, 5), make.device(2, 2), silent(at(1))]
    )
    assert ids(two, 5) == ids(one, 1) and ids(two, 2) == ids(one, 2) and not ids(two, 1)


def swap(make: Make) -> None:
    """DHCP gives each the other's address."""
    one, two = three([make.device(1, 1), make.device(2, 2)], [make.device(1, 2), make.device(2, 1)])
    assert ids(two, 2) == ids(one, 1) and ids(two, 1) == ids(one, 2)


def rotate(make: Make) -> None:
    """Three of them."""
    one, two = three([make.device(n, n) for n in (1, 2, 3)], [make.device(n, n % 3 + 1) for n in (1, 2, 3)])
    assert all(ids(two, n % 3 + 1) == ids(one, n) for n in (1, 2, 3))


def replaced(make: Make) -> None:
    """Another of the same model at the same address; an endpoint alone may be made anew by a reset."""
    one, two = three([make.device(1, 1)], [make.device(9, 1)])
    if "epr" not in make.signs or {"serial", "link"} & set(make.signs):
        assert set(ids(one)).isdisjoint(ids(two))
    assert len(ids(two)) == len(make.tokens)


def renamed_tokens(make: Make) -> None:
    """An update changes tokens, but neither names nor order; then the address changes, too."""
    tokens = [f"VideoSource_{token}" for token in make.tokens]
    one, two = three([make.device(1, 1), make.device(2, 2)], [make.device(1, 1, tokens), make.device(2, 2)])
    assert ids(two) == ids(one)
    one, two = three([make.device(1, 1)], [make.device(1, 6, tokens), silent(at(1))])
    assert ids(two) == ids(one)


def source_appears(make: Make) -> None:
    """A channel more, at the end."""
    names = [*(f"K{count}" for count in range(len(make.tokens))), "new"]
    one, two = three([make.device(1, 1)], [make.device(1, 1, [*make.tokens, "VX"], names)])
    assert ids(two)[: len(make.tokens)] == ids(one) and len(ids(two)) == len(make.tokens) + 1


def source_vanishes(make: Make) -> None:
    """A channel less: of a recorder it is listed, as lost."""
    names = [*(f"K{count}" for count in range(len(make.tokens))), "new"]
    one, two = three([make.device(1, 1, [*make.tokens, "VX"], names)], [make.device(1, 1)])
    assert ids(two)[: len(make.tokens)] == ids(one)[: len(make.tokens)]
    assert set(ids(two)) <= set(ids(one))


def dark_and_back(make: Make) -> None:
    """Silent in one scan, there again at another address in the next."""
    one = scan([make.device(1, 1), make.device(2, 2)])
    two = scan([silent(at(1)), make.device(2, 2)], one.memory)
    assert sorted(ids(two)) == sorted(ids(one))
    back = scan([make.device(1, 7), make.device(2, 2), silent(at(1))], two.memory)
    assert sorted(ids(back)) == sorted(ids(one)) and ids(back, 7) == ids(one, 1)


CHANGES: tuple[Callable[[Make], None], ...] = (
    moves,
    swap,
    rotate,
    replaced,
    renamed_tokens,
    source_appears,
    source_vanishes,
    dark_and_back,
)


CASES = list(product(CHANGES, SIGNS, CHANNELS))


@pytest.mark.parametrize("part", [slice(0, None, 7), pytest.param(slice(None), marks=pytest.mark.slow)])
def test_a_change_between_two_scans(part: slice) -> None:
    """Every seventh case meets every change, every set of signs and both sorts of device."""
    wrong = []
    for change, signs, tokens in CASES[part]:
        try:
            change(Make(signs, tokens))
        except AssertionError:
            wrong.append((change.__name__, signs, len(tokens)))
    assert not wrong


@each([("epr", "link"), ("epr", "certificate", "link"), ("serial", "mac", "epr"), ("mac",)])
def test_a_reset_that_renews_endpoint_and_certificate_makes_no_other_camera(signs: tuple[str, ...]) -> None:
    """What the maker burnt in, or the network card, stays. Where neither is told, two signs that are both
    others are another device."""
    make = Make(signs, ("V1",))
    one = scan([make.device(1, 1)])
    fresh = make.device(1, 1)
    assert isinstance(fresh.device, DeviceFacts)
    target = replace(fresh.device.target, endpoint="urn:uuid:77777777-e0ae-504f-829b-a1b2c3d4e5f6")
    reset = replace(fresh.device, target=target, tls=tls_facts(fingerprint_sha256="cd" * 32))
    two = scan([replace(fresh, target=target, device=reset)], one.memory)
    assert ids(two) == ids(one)


def test_without_serial_mac_and_arp_one_sign_may_be_new_and_two_are_another_device() -> None:
    make = Make(("epr", "certificate"), ("V1",))
    one = scan([make.device(1, 1)])
    other = make.device(9, 1)
    assert isinstance(other.device, DeviceFacts)
    assert ids(scan([other], one.memory)) != ids(one)
    same_key = replace(other, device=replace(other.device, tls=tls_facts(fingerprint_sha256=f"{1:064x}")))
    assert ids(scan([same_key], one.memory)) == ids(one)


def test_an_arp_entry_that_is_left_of_an_address_is_no_camera() -> None:
    """Of a device that does not answer the MAC says nothing: it may stand in our table from before."""
    make = Make(("link",), ("V1",))
    one = scan([make.device(1, 1)])
    stale = replace(silent(at(1)), mac="4c:bd:8f:12:34:01")
    two = scan([make.device(1, 5), stale], one.memory)
    assert ids(two) == ids(one) and ids(two, 5) == ids(one, 1)


def test_a_router_that_answers_arp_for_all_joins_none() -> None:
    make = Make(("link",), ("V1",))
    behind = [replace(make.device(number, number), mac="4c:bd:8f:12:34:77") for number in (1, 2, 3)]
    one = scan(behind)
    two = scan([replace(behind[0]), behind[1], silent(at(3))], one.memory)
    assert len(set(ids(one))) == 3 and sorted(ids(two)) == sorted(ids(one))


def test_a_camera_plugged_into_its_other_network_card_stays_itself() -> None:
    make = Make(("serial", "link"), ("V1",))
    one = scan([make.device(1, 1)])
    two = scan([replace(make.device(1, 4), mac="4c:bd:8f:99:99:99"), silent(at(1))], one.memory)
    assert ids(two) == ids(one)
