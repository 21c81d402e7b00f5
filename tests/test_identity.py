"""A camera keeps its id through DHCP, firmware and moves; placeholders identify nobody."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camagent.inventory.identity import (
    DeviceSigns,
    Match,
    camera_id,
    identity_of,
    match_all,
    remember,
    shared_signs,
    sighting,
)
from camagent.model.device import DeviceFacts, DeviceInformation, DeviceTarget, NetworkFacts
from camagent.model.earlier_runs import KnownDevice
from camagent.model.usable_numbers import usable_endpoint, usable_mac, usable_serial
from tests.builders import device_facts
from tests.floor import judged, not_vacuous


def match_one(devices: tuple[KnownDevice, ...], sight: DeviceSigns) -> Match:
    return match_all(devices, (sight,))[0]


EPR = "urn:uuid:4d454930-0000-1000-8000-001bc50a0b0c"


def device(
    serial: str | None = "DS-2CD2012-I20150201CCWR501088621",
    mac: str | None = "00:1b:c5:0a:0b:0c",
    epr: str | None = EPR,
    model: str = "DS-2CD2012-I",
    address: str = "10.0.0.5",
) -> DeviceFacts:
    return device_facts(
        target=DeviceTarget(address, endpoint=epr),
        address=address,
        information=DeviceInformation("HIKVISION", model, "V5.2.0", serial),
        network=NetworkFacts(macs=(mac,) if mac else ()),
        tls=None,
    )


def seen(facts: DeviceFacts | None, address: str | None = None, source: str | None = None) -> DeviceSigns:
    return sighting(facts, address or (facts.address if facts else "10.0.0.5"), source)


def known(facts: DeviceFacts | None, address: str | None = None, source: str | None = None) -> KnownDevice:
    sight = seen(facts, address, source)
    return remember(identity_of(sight), sight)


@pytest.mark.parametrize(
    "serial",
    [
        "0123456789",
        "12345679890",
        "1234567890",
        "NONE",
        "none ",
        "N/A",
        "00000000",
        "",
        "12",
        "ffff",
        "General",
    ],
)
def test_placeholder_serials_identify_nobody(serial: str) -> None:
    """home-assistant/frontend#17345."""
    assert usable_serial(serial) is None


@pytest.mark.parametrize(
    "mac",
    [
        "00:12:34:56:78:9a",
        "00:00:00:00:00:00",
        "ff:ff:ff:ff:ff:ff",
        "01:1b:c5:0a:0b:0c",
        "41a0bc:41a0bd:41a0be:41a0bf:41a0c0:41a0c1",
        "",
        "00:1b:c5",
    ],
)
def test_placeholder_macs_identify_nobody(mac: str) -> None:
    """home-assistant/core#59218, #63399."""
    assert usable_mac(mac) is None


def test_macs_are_one_sign_however_they_are_written() -> None:
    assert {usable_mac(m) for m in ("00047D0EB85C", "00-04-7d-0e-b8-5c", "00:04:7D:0E:B8:5C")} == {
        "00:04:7d:0e:b8:5c"
    }


def test_an_endpoint_of_zeros_is_none() -> None:
    assert usable_endpoint("urn:uuid:00000000-0000-0000-0000-000000000000") is None
    assert usable_endpoint(EPR.upper()) == EPR.removeprefix("urn:uuid:")


def test_the_id_rests_on_the_strongest_sign() -> None:
    by_serial = camera_id(device(), "10.0.0.5", None)
    assert by_serial.strength == "strong" and by_serial.signs[0] == "serial"
    assert camera_id(device(mac=None, epr=None, address="10.9.9.9"), "10.9.9.9", None).id == by_serial.id
    assert camera_id(None, "10.0.0.5", None).strength == "address"


def test_sources_of_one_device_are_cameras_of_their_own() -> None:
    ids = {camera_id(device(), "10.0.0.5", source).id for source in (None, "VS1", "VS2")}
    assert len(ids) == 3


def test_a_new_address_is_a_move() -> None:
    pairing = match_one((known(device()),), seen(device(address="10.0.0.77")))
    assert pairing.change == "moved" and pairing.device == known(device())


def test_a_firmware_update_changes_nothing() -> None:
    updated = replace(
        device(),
        information=DeviceInformation("Hikvision", "DS-2CD2012-I", "V5.6.0", device().information.serial),  # type: ignore[union-attr]
    )
    assert match_one((known(device()),), seen(updated)).change == "same"


def test_another_camera_at_the_old_address_is_a_replacement() -> None:
    other = device(serial="DS-9999X77777", mac="00:1b:c5:77:77:77", epr=None)
    pairing = match_one((known(device()),), seen(other))
    assert (
        pairing.change == "replaced" and pairing.device is not None and pairing.device.address == "10.0.0.5"
    )


def test_the_same_model_swapped_in_is_a_replacement_not_the_same() -> None:
    other = device(serial="DS-2CD2012-I20150201CCWR501088999", mac="00:1b:c5:0a:0b:ff", epr=None)
    assert match_one((known(device()),), seen(other)).change == "replaced"


def test_a_stranger_is_new() -> None:
    other = device(serial="DS-9999X77777", mac="00:1b:c5:77:77:77", epr=None, address="10.0.0.9")
    assert match_one((known(device()),), seen(other)).change == "new"


def test_a_camera_that_tells_nothing_today_is_still_the_one_at_its_address() -> None:
    assert match_one((known(device()),), seen(None, "10.0.0.5")).change == "same"


def test_a_camera_that_told_nothing_before_is_known_by_its_place() -> None:
    assert match_one((known(None, "10.0.0.5"),), seen(device())).change == "same"


def test_a_serial_that_contradicts_outweighs_an_endpoint_that_agrees() -> None:
    """Cheap series ship one endpoint UUID for all units."""
    other = device(serial="DS-2CD2012-I20150201CCWR501088999", mac=None, address="10.0.0.8")
    assert match_one((known(device(mac=None)),), seen(other)).change == "new"


def test_two_cameras_with_cloned_signs_are_told_apart() -> None:
    """home-assistant/core#162687: one MAC for a whole series."""
    one = seen(device(serial=None, epr=None, address="10.0.0.5"))
    two = seen(device(serial=None, epr=None, address="10.0.0.6"))
    ignored = shared_signs((one, two))
    assert ("mac", "00:1b:c5:0a:0b:0c") in ignored
    assert identity_of(one, ignored).id != identity_of(two, ignored).id


def test_channels_of_one_recorder_do_not_spoil_its_signs() -> None:
    channels = [seen(device(), source=f"VS{i}") for i in range(4)]
    assert shared_signs(channels) == frozenset()


def test_swapped_addresses_are_two_moves() -> None:
    a, b = device(), device(serial="S-77777-B", mac="00:1b:c5:00:00:02", epr=None, address="10.0.0.6")
    swapped = (
        seen(replace(a, address="10.0.0.6"), "10.0.0.6"),
        seen(replace(b, address="10.0.0.5"), "10.0.0.5"),
    )
    pairing = match_all((known(a), known(b)), swapped)
    assert [m.change for m in pairing] == ["moved", "moved"]
    assert [m.device.address for m in pairing] == ["10.0.0.5", "10.0.0.6"]  # type: ignore[union-attr]


def test_what_is_remembered_is_plain_json() -> None:
    row = json.loads(json.dumps(asdict(known(device()))))
    signs = tuple(map(tuple, row.pop("signs")))
    assert KnownDevice(**row, signs=signs) == known(device())


@pytest.mark.parametrize(
    ("serial", "address"),
    [
        ("192168261", "192.168.2.61"),  # two recorded cameras
        ("192.168.2.61", "192.168.2.61"),
        ("192-168-002-061", "192.168.2.61"),
        ("192168002061", "192.168.2.61"),
        ("IPC192168261", "192.168.2.61"),
        ("C0A8023D", "192.168.2.61"),
        ("12720261", "127.20.2.61"),
        ("1001261", "10.0.12.61"),
        ("61.2.168.192", "192.168.2.61"),
        ("3D02A8C0", "192.168.2.61"),
        ("3232236093", "192.168.2.61"),
        ("DS-2CD2143-192168261", "192.168.2.61"),
        ("DS2143C0A8023D", "192.168.2.61"),
        ("168002061", "192.168.2.61"),
        ("000012061", "10.0.12.61"),
        ("1921681108", "192.168.1.77"),  # the address before DHCP gave another
    ],
)
def test_a_serial_that_spells_the_address_is_none(serial: str, address: str) -> None:
    assert usable_serial(serial, address) is None
    assert all(kind != "serial" for kind, _ in seen(device(serial=serial, address=address), address).signs)


@pytest.mark.parametrize(
    "serial",
    ["1921681999999", "192168", "1001262", "DS-2CD20150201", "19216899999", "012061", "000010"],
)
def test_a_serial_that_only_resembles_an_address_is_one(serial: str) -> None:
    assert usable_serial(serial, "10.0.12.61") == serial


def test_the_mac_finds_the_camera_whose_serial_is_its_address() -> None:
    before = known(device(serial="192168261", epr=None, address="192.168.2.61"))
    moved = device(serial="192168277", epr=None, address="192.168.2.77")
    assert match_one((before,), seen(moved)).change == "moved"
    assert identity_of(seen(moved)).id == before.id


def test_two_cameras_that_swap_addresses_and_with_them_their_serials_are_two_moves() -> None:
    def at(last: int, mac: str) -> DeviceFacts:
        return device(serial=f"1921682{last}", mac=mac, epr=None, address=f"192.168.2.{last}")

    one, two = "00:1b:c5:00:00:01", "00:1b:c5:00:00:02"
    pairing = match_all((known(at(61, one)), known(at(62, two))), (seen(at(62, one)), seen(at(61, two))))
    assert [m.change for m in pairing] == ["moved", "moved"]
    assert [m.device.address for m in pairing if m.device] == ["192.168.2.61", "192.168.2.62"]


def test_a_mac_that_contradicts_outweighs_everything() -> None:
    """A series with one serial, one endpoint and one certificate: another unit put in at the same address."""
    other = device(mac="00:1b:c5:77:77:77")
    assert match_one((known(device()),), seen(other)).change == "replaced"
    both = replace(device(), network=NetworkFacts(macs=("00:1b:c5:0a:0b:0c", "00:1b:c5:77:77:77")))
    assert match_one((known(both),), seen(other)).change == "same"  # one of its interfaces agrees


@pytest.mark.parametrize(
    "text", ["urn:uuid:001bc50a0b0c", "urn:uuid:00:1B:C5:0A:0B:0C", "uuid:00-1b-c5-0a-0b-0c", "001BC50A0B0C"]
)
def test_an_endpoint_that_is_a_mac_counts(text: str) -> None:
    """KuroNeko-san/ponvif#17."""
    assert usable_endpoint(text) == "00:1b:c5:0a:0b:0c"
    signs = seen(device(serial=None, mac=None, epr=text)).signs
    assert ("mac", "00:1b:c5:0a:0b:0c") in signs and ("epr", "00:1b:c5:0a:0b:0c") in signs
    moved = device(serial=None, mac=None, epr=text, address="10.0.0.77")
    assert match_one((known(device(serial=None, epr=None)),), seen(moved)).change == "moved"


def test_a_uuid_of_zeros_before_a_mac_counts_and_a_placeholder_does_not() -> None:
    assert usable_endpoint("urn:uuid:00000000-0000-0000-0000-00aaaaaa00bb") == "00:aa:aa:aa:00:bb"
    for text in ("urn:uuid:00123456789a", "urn:uuid:ffffffffffff", "urn:uuid:device", "", None):
        assert usable_endpoint(text) is None


SERIALS = st.text("0123456789ABCDEFX", min_size=0, max_size=12)
MACS = st.integers(0, 5).map(lambda n: f"00:1b:c5:00:00:{n:02x}") | st.just("00:12:34:56:78:9a") | st.just("")
DEVICES = st.builds(
    lambda serial, mac, n: device(serial, mac, None, f"M{n % 2}", f"10.0.0.{n}"),
    SERIALS,
    MACS,
    st.integers(1, 9),
)


@given(st.lists(DEVICES, max_size=6), st.lists(DEVICES, max_size=6))
def test_no_known_camera_is_recognised_twice(before: list[DeviceFacts], now: list[DeviceFacts]) -> None:
    pairing = match_all([known(d) for d in before], [seen(d) for d in now])
    used = [id(m.device) for m in pairing if m.change in ("same", "moved")]
    assert len(pairing) == len(now) and len(used) == len(set(used))


@given(DEVICES)
def test_a_camera_seen_again_unchanged_is_the_same(facts: DeviceFacts) -> None:
    pairing = match_one((known(facts),), seen(facts))
    assert pairing.change == "same"


@not_vacuous(0.02)
@given(DEVICES, DEVICES)
def test_different_serials_and_macs_never_make_one_camera(a: DeviceFacts, b: DeviceFacts) -> None:
    left, right = dict(seen(a).signs), dict(seen(b).signs)
    differ = [k for k in ("serial", "mac") if k in left and k in right and left[k] != right[k]]
    if judged(bool(differ) and not any(left.get(k) == right.get(k) is not None for k in ("serial", "mac"))):
        assert match_one((known(a),), seen(b)).change in ("new", "replaced")


@given(st.text(max_size=200), st.text(max_size=200), st.text(max_size=200))
def test_any_words_make_an_id(serial: str, mac: str, epr: str) -> None:
    made = camera_id(device(serial, mac, epr), "10.0.0.5", None)
    assert (
        made.id.startswith("cam-") and len(made.id) == 16 and made.strength in ("strong", "weak", "address")
    )
