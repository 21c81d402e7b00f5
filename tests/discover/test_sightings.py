from __future__ import annotations

import ipaddress
from itertools import chain

from hypothesis import given, settings
from hypothesis import strategies as st

from camagent.discover.interfaces import Interface, Medium
from camagent.discover.multicast import Datagram
from camagent.discover.sightings import (
    MAX_ANNOUNCEMENTS,
    MAX_DEVICES_PER_SOURCE,
    Announcements,
    read_datagrams,
)
from camagent.discover.wsdiscovery import ProbeTypes
from camagent.model.discovery import FoundBy
from camagent.model.onvif import scope_value
from tests.discover.peers import envelope, match, matches
from tests.floor import judged, not_vacuous

LAN = Interface("eth1", 7, Medium.LAN, True, True, True, (ipaddress.IPv4Interface("192.168.1.2/24"),))
FAULT = envelope("<s:Fault/>")


def read(*answers: tuple[bytes, str] | tuple[bytes, str, str | None]) -> Announcements:
    datagrams = [Datagram(a[0], a[1], a[2] if len(a) > 2 else "eth1") for a in answers]
    return read_datagrams(datagrams, {"urn:uuid:1": ProbeTypes.TRANSMITTER}, (LAN,))


def hosts(announced: Announcements) -> list[str]:
    return [str(sighting.target) for sighting in announced.sightings]


def camera(host: str, n: int = 1, **changes: str | None) -> bytes:
    return matches(match(f"http://{host}/onvif/device_service", f"urn:uuid:{n}", **changes))


def test_answers_to_all_three_probes_are_one_device() -> None:
    reading = read(
        *[(camera("192.168.1.9"), "192.168.1.9")] * 3, (camera("192.168.1.9"), "192.168.1.9", None)
    )
    assert hosts(reading) == ["192.168.1.9:80"]
    assert set(reading.sightings[0].found_by) == {FoundBy.MULTICAST, FoundBy.DIRECTED}


def test_a_camera_that_invents_a_new_reference_each_time_is_one_device() -> None:
    assert hosts(read(*[(camera("192.168.1.9", n), "192.168.1.9") for n in range(3)])) == ["192.168.1.9:80"]


def test_clones_with_one_reference_stay_two_devices() -> None:
    reading = read((camera("192.168.1.9"), "192.168.1.9"), (camera("192.168.1.10"), "192.168.1.10"))
    assert hosts(reading) == ["192.168.1.9:80", "192.168.1.10:80"]


def test_one_device_heard_over_ipv4_and_ipv6_is_one_at_its_ipv4_address() -> None:
    both = matches(match("http://192.168.1.9/onvif/device_service http://[fe80::9]/onvif/device_service"))
    assert hosts(read((both, "fe80::9%eth1"), (both, "192.168.1.9"))) == ["192.168.1.9:80"]
    assert hosts(read((both, "fe80::9%eth1"))) == ["192.168.1.9:80"]


def test_one_device_that_lists_both_its_addresses_is_one() -> None:
    both = matches(match("http://192.168.1.9/onvif http://10.0.0.9/onvif"))
    assert len(read((both, "192.168.1.9"), (both, "10.0.0.9")).sightings) == 1


def test_one_device_is_at_the_address_that_it_names_whichever_answer_came_first() -> None:
    answers = [(camera("192.168.1.9"), "192.168.1.77"), (camera("192.168.1.9"), "192.168.1.9")]
    assert hosts(read(*answers)) == hosts(read(*reversed(answers))) == ["192.168.1.9:80"]


def test_the_factory_address_in_the_xaddr_does_not_lead_us_away() -> None:
    # hammeraj/onvif PR #11: the datagram's source is the address that works
    reading = read((camera("192.168.1.108:8000"), "192.168.1.9"))
    assert hosts(reading) == ["192.168.1.9:8000"]
    assert reading.sightings[0].target.xaddrs == ("http://192.168.1.108:8000/onvif/device_service",)


def test_several_devices_behind_one_answering_address_are_several() -> None:
    many = matches(*(match(f"http://192.168.1.{n}/onvif", f"urn:uuid:{n}") for n in (20, 21, 22)))
    assert hosts(read((many, "192.168.1.5"))) == ["192.168.1.20:80", "192.168.1.21:80", "192.168.1.22:80"]


def test_several_ports_of_one_address_are_several_devices() -> None:
    many = matches(*(match(f"http://192.168.1.5:{n}/onvif", f"urn:uuid:{n}") for n in (8081, 8082)))
    assert hosts(read((many, "192.168.1.5"))) == ["192.168.1.5:8081", "192.168.1.5:8082"]


def test_a_stranger_cannot_send_us_to_the_internet() -> None:
    many = matches(
        match("http://203.0.113.7/onvif", "urn:uuid:1"), match("http://evil.example/onvif", "urn:uuid:2")
    )
    assert {s.target.host for s in read((many, "192.168.1.5")).sightings} == {"192.168.1.5"}


def test_a_device_without_xaddrs_is_looked_for_at_its_source() -> None:
    # also beside a full answer of the same device it stays one
    reading = read((matches(match(None)), "192.168.1.9"))
    assert (reading.sightings[0].target.host, reading.sightings[0].target.port) == ("192.168.1.9", None)
    assert hosts(read((matches(match(None)), "192.168.1.9"), (camera("192.168.1.9"), "192.168.1.9"))) == [
        "192.168.1.9:80"
    ]


def test_a_camera_of_another_subnet_is_listed_as_such() -> None:
    # snow-tree/camera-probe#17, quatanium/python-onvif#7: factory addresses
    reading = read((camera("192.0.0.64"), "192.0.0.64"), (camera("192.168.1.9", 2), "192.168.1.9"))
    assert [s.off_subnet for s in reading.sightings] == [True, False]


def test_printers_are_counted_and_left_out() -> None:
    printer = matches(match(None, types="wprt:PrintDeviceType", scopes=None))
    reading = read(
        (printer, "192.168.1.30"), (printer, "192.168.1.30"), (camera("192.168.1.9"), "192.168.1.9")
    )
    assert (hosts(reading), reading.other_sources) == (["192.168.1.9:80"], ("192.168.1.30",))


def test_one_malformed_datagram_costs_one_datagram() -> None:
    # vicmaeg/onvif-discovery#45
    reading = read((b"\xff\xfe\x00garbage", "192.168.1.66"), (camera("192.168.1.9"), "192.168.1.9"))
    assert (hosts(reading), reading.malformed, reading.suspects) == (["192.168.1.9:80"], 1, ("192.168.1.66",))


def test_a_fault_makes_a_suspect_unless_another_probe_was_answered() -> None:
    reading = read((FAULT, "192.168.1.9"), (FAULT, "192.168.1.8"), (camera("192.168.1.9"), "192.168.1.9"))
    assert reading.suspects == ("192.168.1.8",)


def test_a_flood_of_announcements_is_bounded_and_counted() -> None:
    flood = [
        (matches(match(f"http://10.{n >> 8}.{n & 255}.1/", f"urn:uuid:{n}")), f"10.{n >> 8}.{n & 255}.1")
        for n in range(9000)
    ]
    reading = read(*flood)
    assert len(reading.sightings) == MAX_ANNOUNCEMENTS
    assert reading.left_out == 9000 - MAX_ANNOUNCEMENTS


def test_one_source_speaks_for_a_bounded_number_of_devices() -> None:
    many = [
        (
            matches(*(match(f"http://192.168.{n}.{k}/onvif", f"urn:uuid:{n}-{k}") for k in range(1, 65))),
            "192.168.1.5",
        )
        for n in range(30)
    ]
    assert len(read(*many).sightings) == MAX_DEVICES_PER_SOURCE


def test_a_name_with_percent_signs_is_read_and_control_characters_are_not() -> None:
    scopes = ("onvif://www.onvif.org/Name/C%E1%BB%95ng_ch%C3%ADnh%1B[31m",)
    assert scope_value(scopes, "name") == "Cổng chính[31m"
    assert scope_value(scopes, "hardware") is None


@not_vacuous(0.3)
@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 6), st.integers(1, 4), st.sampled_from((80, 8000, None)), st.booleans())
    )
)
def test_no_answering_address_is_ever_lost(answers: list[tuple[int, int, int | None, bool]]) -> None:
    judged(bool(answers))
    datagrams = []
    for host, endpoint, port, own in answers:
        xaddr = f"http://{f'192.168.1.{host}' if own else '10.9.9.9'}{f':{port}' if port else ''}/onvif"
        datagrams.append((matches(match(xaddr, f"urn:uuid:{endpoint}")), f"192.168.1.{host}"))
    reading = read(*datagrams)
    reached = {s.target.host for s in reading.sightings}
    named = set(chain.from_iterable(s.target.xaddrs for s in reading.sightings))
    for address in {f"192.168.1.{a[0]}" for a in answers}:
        assert address in reached or any(address in x for x in named) or "10.9.9.9" in reached
    assert len({(s.target.host, s.target.port) for s in reading.sightings}) == len(reading.sightings)
