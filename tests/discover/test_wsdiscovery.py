from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from camagent.discover.wsdiscovery import (
    MAX_LIST_ITEMS,
    MAX_MATCHES,
    Announcement,
    Dialect,
    Kind,
    ProbeTypes,
    WsdMessage,
    is_camera_like,
    parse_message,
    parse_xaddr,
    rank_xaddrs,
    render_probe,
)
from camagent.wire.xml import MAX_TEXT_CHARS
from tests.discover.peers import EPR, envelope, match, matches
from tests.floor import judged, not_vacuous

V2009 = "http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01"


def only(datagram: bytes) -> Announcement:
    message = parse_message(datagram)
    assert message is not None
    assert len(message.announcements) == 1
    return message.announcements[0]


@pytest.mark.parametrize("types", ProbeTypes)
@pytest.mark.parametrize("dialect", Dialect)
def test_a_probe_is_one_line_without_xml_header(types: ProbeTypes, dialect: Dialect) -> None:
    # edgexfoundry/device-onvif-camera#134: Hikvision faults on new-lines and on the header
    probe = render_probe("urn:uuid:7", types, dialect)
    assert b"\n" not in probe
    assert not probe.startswith(b"<?xml")
    root = etree.fromstring(probe)
    asked = root.find(f".//{{{dialect}}}Probe")
    assert asked is not None
    assert parse_message(probe) == WsdMessage(Kind.PROBE, None, ())


def test_a_probe_names_its_types_with_a_prefix_that_resolves() -> None:
    root = etree.fromstring(render_probe("urn:uuid:7", ProbeTypes.TRANSMITTER))
    types = root.find(".//{*}Types")
    assert types is not None and types.text is not None
    prefix, _, name = types.text.partition(":")
    assert types.nsmap[prefix] == "http://www.onvif.org/ver10/network/wsdl"
    assert name == "NetworkVideoTransmitter"


def test_a_message_id_cannot_break_out_of_its_element() -> None:
    root = etree.fromstring(render_probe("<x>&", ProbeTypes.ANY))
    assert root.findtext(".//{*}MessageID") == "<x>&"


@pytest.mark.parametrize("namespace", [None, V2009, "urn:somebody's/own"])
def test_both_namespaces_and_invented_ones_are_read(namespace: str | None) -> None:
    sighting = only(matches(match(), namespace=namespace))
    assert sighting.endpoint == EPR
    assert sighting.types == (("http://www.onvif.org/ver10/network/wsdl", "NetworkVideoTransmitter"),)


def test_two_xaddrs_in_one_element_are_two() -> None:
    # agsh/onvif#63: Axis and Bosch separate them by a space
    sighting = only(
        matches(match("http://169.254.7.7/onvif/device_service http://192.168.1.9/onvif/device_service"))
    )
    assert len(sighting.xaddrs) == 2
    assert rank_xaddrs(sighting.xaddrs, "192.168.1.9")[0].host == "192.168.1.9"


def test_ipv6_link_local_beside_ipv4_is_ranked_last_and_kept() -> None:
    # agsh/onvif#93: Hikvision
    ranked = rank_xaddrs(
        ("http://[fe80::4a:1]:80/onvif/device_service", "http://192.168.1.64/onvif/device_service"), "::1"
    )
    assert [x.host for x in ranked] == ["192.168.1.64", "fe80::4a:1"]


def test_the_address_that_answered_comes_first() -> None:
    # christgau/wsdd PR #174
    texts = ("http://10.0.0.5/a", "http://192.168.1.9:8000/b", "https://192.168.1.9/c")
    assert [x.text for x in rank_xaddrs(texts, "192.168.1.9")] == [texts[1], texts[2], texts[0]]


def test_every_match_of_a_datagram_is_read() -> None:
    # vicmaeg/onvif-discovery#45
    message = parse_message(matches(*(match(endpoint=f"urn:uuid:{n}") for n in range(5))))
    assert message is not None
    assert [a.endpoint for a in message.announcements] == [f"urn:uuid:{n}" for n in range(5)]


def test_a_match_with_nothing_in_it_is_a_match() -> None:
    assert only(matches(match(None, None, None, None))) == Announcement(None, (), (), ())


def test_printers_without_xaddrs_are_no_cameras() -> None:
    # Quedale/OnvifDeviceManager#14
    printer = only(
        matches(
            '<d:ProbeMatch xmlns:p="http://schemas.xmlsoap.org/ws/2006/02/devprof">'
            "<d:Types>p:Device wprt:PrintDeviceType</d:Types></d:ProbeMatch>"
        )
    )
    assert not is_camera_like(printer, asked_by_type=True)


@pytest.mark.parametrize(
    "element",
    [
        match(scopes=None, xaddrs="http://h/x"),
        match(types=None, xaddrs="http://h/x"),
        match(types=None, scopes=None),
        match(types="tds:Device", scopes=None, xaddrs="http://h/x"),
        match(types="NetworkVideoTransmitter", scopes=None, xaddrs="http://h/x"),
    ],
)
def test_one_onvif_sign_is_enough(element: str) -> None:
    assert is_camera_like(only(matches(element)), asked_by_type=False)


def test_a_bare_answer_counts_only_if_it_was_asked_for_cameras() -> None:
    bare = only(matches(match("http://192.168.1.9:8080/service", EPR, None, None)))
    assert is_camera_like(bare, asked_by_type=True)
    assert not is_camera_like(bare, asked_by_type=False)


@pytest.mark.parametrize("kind", ["Hello", "Bye"])
def test_hello_and_bye_are_read(kind: str) -> None:
    message = parse_message(envelope(match().replace("ProbeMatch", kind)))
    assert message is not None
    assert message.kind.value == kind.lower()
    assert message.announcements[0].endpoint == EPR


def test_a_soap_fault_is_told_apart_from_silence() -> None:
    # andreikop/python-ws-discovery#56, edgexfoundry/device-onvif-camera#134
    fault = "<s:Fault><s:Code><s:Value>s:Sender</s:Value></s:Code></s:Fault>"
    message = parse_message(envelope(fault))
    assert message is not None
    assert message.kind is Kind.FAULT


@pytest.mark.parametrize(
    "spoil",
    [
        lambda d: d + b"\x00\x00",
        lambda d: b"\xef\xbb\xbf" + d,
        lambda d: b"\r\n " + d,
        lambda d: d.replace(b'encoding="UTF-8"', b'encoding="utf8-gibberish"'),
        lambda d: d.decode().encode("utf-16"),
        lambda d: d.replace(b"</s:Envelope>", b""),
        lambda d: d.replace(b' xmlns:dn="http://www.onvif.org/ver10/network/wsdl"', b""),
    ],
    ids=["NULs", "BOM", "blank line", "false encoding", "UTF-16", "cut off", "unbound prefix"],
)
def test_ordinary_breakage_is_survived(spoil: object) -> None:
    sighting = only(spoil(matches(match())))  # type: ignore[operator]
    assert sighting.endpoint == EPR
    assert sighting.types[0][1] == "NetworkVideoTransmitter"
    assert is_camera_like(sighting, asked_by_type=False)


def test_entities_are_refused() -> None:
    good = matches(match())
    declaration, _, rest = good.partition(b"?>")
    for doctype in (b'<!DOCTYPE s [<!ENTITY a "aaaa">]>', b'<!DOCTYPE s SYSTEM "http://127.0.0.1/s.dtd">'):
        assert parse_message(declaration + b"?>" + doctype + rest) is None


def test_what_strangers_send_is_bounded() -> None:
    many = parse_message(matches(*(match(endpoint=f"urn:{n}") for n in range(100))))
    assert many is not None
    assert len(many.announcements) == MAX_MATCHES
    wide = only(matches(match(scopes=" ".join(f"onvif://{n}" for n in range(1000)))))
    assert len(wide.scopes) == MAX_LIST_ITEMS
    long = only(matches(match(xaddrs=f"http://h/{'x' * MAX_TEXT_CHARS} http://192.168.1.9/")))
    assert long.xaddrs == ("http://192.168.1.9/",)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "rtsp://192.168.1.9/",
        "http://",
        "http://h:99999/",
        "http://[fe80::1/",
        "http://h:x/",
        "http://a b/",
        "http://a\x07/",
    ],
)
def test_what_is_no_service_address_is_none(text: str) -> None:
    assert parse_xaddr(text) is None


def test_an_xaddr_loses_its_userinfo() -> None:
    address = parse_xaddr("http://admin:hunter2@192.168.1.9:8000/onvif/device_service")
    assert address is not None
    assert (address.host, address.port, address.path) == ("192.168.1.9", 8000, "/onvif/device_service")


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_a_message_or_none(datagram: bytes) -> None:
    assert parse_message(datagram) is None or isinstance(parse_message(datagram), WsdMessage)


@not_vacuous(0.2)
@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_damage_to_a_good_datagram_is_survived(data: st.DataObject) -> None:
    good = matches(match(), match("http://192.168.1.9/onvif http://[fe80::1]/", types="tds:Device"))
    start = data.draw(st.integers(0, len(good)))
    end = data.draw(st.integers(start, len(good)))
    damaged = good[:start] + data.draw(st.binary(max_size=30)) + good[end:]
    message = parse_message(damaged)
    judged(message is not None and bool(message.announcements))
    for announcement in message.announcements if message else ():
        rank_xaddrs(announcement.xaddrs, "192.168.1.9")
        assert isinstance(is_camera_like(announcement, asked_by_type=True), bool)


@not_vacuous(0.03)
@given(st.text(max_size=60), st.text(max_size=20))
def test_any_text_is_an_xaddr_or_none(text: str, source: str) -> None:
    ranking = rank_xaddrs((text, f"http://{text}", f"https://{text}:80/"), source)
    judged(bool(ranking))
    for ranked in ranking:
        assert ranked.host
        assert ranked.port is None or 0 < ranked.port < 65536


SHAPES = {
    "ever new names": "".join(f"<n{n}_{'x' * 40}/>" for n in range(1200)),
    "ever new prefixes": "".join(f'<a xmlns:p{n}="u{n}"/>' for n in range(2600)),
    "deep": "<a>" * 20_000,
    "broken": "<p:a b=1>x</c>" * 4_000,
    "declarations that never end": "xmlns:" * 10_000,
    "blanks in a declaration": ("xmlns:a" + " " * 90) * 600,
    "matches": "<d:ProbeMatch><d:Types>a:b</d:Types></d:ProbeMatch>" * 1_200,
    "words": "<d:ProbeMatch><d:Scopes>" + "a " * 30_000 + "</d:Scopes></d:ProbeMatch>",
    "nested matches": "<d:ProbeMatch><d:Types>a:b</d:Types>" * 1_500,
}
FLOOD = """
import time
from camagent.discover.wsdiscovery import MAX_DATAGRAM_BYTES, parse_message
from tests.discover.peers import envelope
from tests.discover.test_wsdiscovery import SHAPES
from tests.peak import peak_mb

for name, shape in SHAPES.items():
    datagram = envelope(f"<d:ProbeMatches>{shape}</d:ProbeMatches>")
    assert len(datagram) < MAX_DATAGRAM_BYTES, name
    parse_message(datagram)
    began_s = time.process_time()
    parse_message(datagram)
    print(name, round(time.process_time() - began_s, 3), sep=";")
before_mb = peak_mb()
for turn in range(200):
    parse_message(envelope("".join(f"<n{turn}_{n}_{'x' * 40}/>" for n in range(1100))))
print("flood", peak_mb() - before_mb, sep=";")
"""


def test_a_flood_of_datagrams_costs_little_memory_and_time() -> None:
    """Two hundred datagrams with ever new names: 13 MB of names that a parser may not keep."""
    done = subprocess.run([sys.executable, "-c", FLOOD], capture_output=True, text=True, check=True)
    rows = {name: float(value) for name, value in (line.split(";") for line in done.stdout.splitlines())}
    assert rows.pop("flood") < 8
    assert rows.keys() == SHAPES.keys()
    assert not {name: seconds for name, seconds in rows.items() if seconds > 1.0}
