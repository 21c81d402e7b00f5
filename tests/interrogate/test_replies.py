"""Any bytes become a value, a fault or an oddity: nothing that a device sends can raise, hang or grow without
bound."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camagent.interrogate import device_replies, media_replies
from camagent.interrogate.quirks import bitrate_bps, codec_name, to_bool, to_float, to_int
from camagent.interrogate.replies import Oddity, Reply, SoapFault, read_envelope
from camagent.wire.xml import MAX_XML_BYTES, Node, parse_xml
from tests.floor import judged, not_vacuous
from tests.interrogate.fake_device import (
    DEVICE_CAPABILITIES,
    MEDIA1_OPTIONS,
    MEDIA2_CAPABILITIES,
    MEDIA2_OPTIONS,
    PLAIN,
    clock_reply,
    envelope,
    media1_profiles,
    media2_profiles,
    soap_fault,
)

PARSERS: tuple[Callable[[Node], object], ...] = (
    device_replies.parse_clock,
    device_replies.parse_services,
    device_replies.parse_capabilities,
    device_replies.parse_information,
    device_replies.parse_interfaces,
    device_replies.parse_protocols,
    device_replies.parse_ntp,
    device_replies.parse_gateway,
    device_replies.parse_dns,
    device_replies.parse_scopes,
    device_replies.parse_users,
    device_replies.parse_device_capabilities,
    device_replies.parse_media_capabilities,
    device_replies.parse_recording_summary,
    media_replies.parse_media1_profiles,
    media_replies.parse_media2_profiles,
    media_replies.parse_media1_options,
    media_replies.parse_media2_options,
    media_replies.parse_stream_address,
)
HEALTHY = (
    *(body.encode() for body in PLAIN.values()),
    clock_reply(datetime(2026, 11, 23, 1, 2, 3, tzinfo=UTC)).encode(),
    media1_profiles().encode(),
    media2_profiles().encode(),
    MEDIA1_OPTIONS.encode(),
    MEDIA2_OPTIONS.encode(),
    DEVICE_CAPABILITIES.encode(),
    MEDIA2_CAPABILITIES.encode(),
    soap_fault("NotAuthorized").encode(),
)
WORDS = """Profiles Configurations VideoEncoder VideoSource Encoding Resolution Width Height RateControl
BitrateLimit Options ResolutionsAvailable BitrateRange Min Max Service XAddr Namespace Version
Major SystemDateAndTime
UTCDateTime Date Time Year Month Day Hour Minute Second Uri MediaUri User Username Capabilities Extension H264
GovLength"""
NAMES = st.sampled_from(WORDS.split())
VALUES = st.one_of(
    st.text(
        alphabet=st.characters(blacklist_categories=("Cc", "Cs"), blacklist_characters="<&"), max_size=40
    ),
    st.integers(-(10**30), 10**30).map(str),
    st.floats().map(str),
    st.sampled_from(["rtsp://a:b@c/", "http://[::1", "true", "2147483647", "1e999", "٣"]),
)


@st.composite
def elements(draw: st.DrawFn, depth: int = 2) -> str:
    name = draw(NAMES)
    attributes = "".join(
        f' {n}="{draw(VALUES).replace(chr(34), "")}"' for n in draw(st.sets(st.sampled_from(ATTRS)))
    )
    inner = "".join(draw(st.lists(elements(depth - 1), max_size=3))) if depth else draw(VALUES)
    return f"<{name}{attributes}>{inner}</{name}>"


ATTRS = ["token", "GovLength", "Profile", "FrameRatesSupported", "GovLengthRange", "ConstantBitRate"]


def parsed(body: bytes) -> list[object]:
    content = read_envelope(body)
    assert isinstance(content, Reply | SoapFault | Oddity)
    return [parse(content.node) for parse in PARSERS] if isinstance(content, Reply) else []


def numbers_in(value: object) -> list[float]:
    if isinstance(value, bool) or value is None:
        return []
    if isinstance(value, int | float):
        return [value]
    if isinstance(value, tuple | list):
        return list(chain.from_iterable(numbers_in(item) for item in value))
    if is_dataclass(value):
        return list(chain.from_iterable(numbers_in(getattr(value, f.name)) for f in fields(value)))
    return []


@given(st.binary(max_size=600))
def test_any_bytes_are_understood_as_something(body: bytes) -> None:
    parsed(body)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(HEALTHY), st.data())
def test_a_healthy_reply_with_bytes_changed_never_raises(body: bytes, data: st.DataObject) -> None:
    changed = bytearray(body)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(changed) - 1))
        changed[at : at + data.draw(st.integers(0, 30))] = data.draw(st.binary(max_size=8))
    parsed(bytes(changed))


@not_vacuous(0.3)
@settings(max_examples=100, deadline=None)
@given(
    st.lists(elements(), max_size=3),
    st.sampled_from(["GetProfilesResponse", "GetServicesResponse", "XResponse"]),
)
def test_well_formed_nonsense_gives_bounded_printable_values(inner: list[str], name: str) -> None:
    values = list(parsed(envelope(f"<{name}>{''.join(inner)}</{name}>").encode()))
    judged(bool(values))
    for value in values:
        assert all(math.isfinite(n) and abs(n) <= 1e16 for n in numbers_in(value))
        assert repr(value).isprintable()


@not_vacuous(0.1)
@given(st.text(max_size=40) | st.floats().map(str) | st.integers().map(str))
def test_number_words_are_numbers_or_nothing(text: str) -> None:
    for number in (to_float(text), to_int(text), bitrate_bps(text)):
        assert number is None or math.isfinite(number)
    judged(to_float(text) is not None)
    to_bool(text)
    codec = codec_name(text)
    assert codec is None or (codec.isascii() and len(codec) <= 32)


@pytest.mark.parametrize("depth", [100, 255, 5000, 200_000])
def test_deep_nesting_is_refused_or_read_but_never_overflows(depth: int) -> None:
    parsed(envelope("<XResponse>" + "<a>" * depth + "</a>" * depth + "</XResponse>").encode())


def test_a_reply_that_is_too_large_is_not_parsed() -> None:
    assert parse_xml(b"<a>" + b" " * MAX_XML_BYTES + b"</a>") is None


def test_many_rows_are_bounded() -> None:
    users = "<tds:User><tt:Username>u</tt:Username></tds:User>" * 5000
    content = read_envelope(envelope(f"<tds:GetUsersResponse>{users}</tds:GetUsersResponse>").encode())
    assert isinstance(content, Reply) and len(device_replies.parse_users(content.node)) == 64


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE x SYSTEM "file:///etc/hostname">',
        '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x"> %p;]>',
    ],
)
def test_a_document_type_is_refused(doctype: str) -> None:
    body = (
        PLAIN["GetDeviceInformation"]
        .replace("?>", f"?>{doctype}", 1)
        .replace("Acme", "&e;" if "ENTITY e" in doctype else "Acme")
    )
    assert isinstance(read_envelope(body.encode()), Oddity)


@pytest.mark.parametrize(
    ("code", "text", "refuses", "unsupported", "lock", "time"),
    [
        ("NotAuthorized", "Sender not Authorized", True, False, False, False),
        ("FailedAuthentication", "", True, False, False, False),
        (
            "Receiver",
            "The action requested requires authorization and the sender is not authorized",
            True,
            False,
            False,
            False,
        ),
        ("ActionNotSupported", "Optional Action Not Implemented", False, True, False, False),
        (
            "Sender",
            "Method 'tds:X' not implemented: method name or namespace not recognized",
            False,
            True,
            False,
            False,
        ),
        ("InvalidArgVal", "the parameter value is illegal", False, False, False, False),
        ("NotAuthorized", "You still have 26 attempt(s)", True, False, True, False),
        ("NotAuthorized", "clock skew too large", True, False, False, True),
        ("MessageExpired", "", True, False, False, True),
        ("Receiver", "Action failed: block device", False, False, False, False),
    ],
)
def test_faults_are_told_apart(
    code: str, text: str, refuses: bool, unsupported: bool, lock: bool, time: bool
) -> None:
    fault = read_envelope(soap_fault(code, text).encode())
    assert isinstance(fault, SoapFault)
    traits = (fault.refuses_login, fault.is_unsupported, fault.names_lock, fault.names_time)
    assert traits == (refuses, unsupported, lock, time)


def test_dates_that_do_not_exist_are_no_dates() -> None:
    body = clock_reply(datetime(2026, 1, 1, tzinfo=UTC)).replace("<tt:Month>1<", "<tt:Month>13<")
    content = read_envelope(body.encode())
    assert isinstance(content, Reply)
    clock = device_replies.parse_clock(content.node)
    assert clock.utc is None and clock.local is None and clock.source == "NTP"


@pytest.mark.parametrize(
    "text", ["", "x", "2026-13-01T00:00:00Z", "9999-12-31T23:59:59-14:00", "2026-01-01T00:00:00" + "0" * 50]
)
def test_recording_dates_that_are_none_are_left_out(text: str) -> None:
    body = envelope(f"<XResponse><Summary><DataFrom>{text}</DataFrom></Summary></XResponse>")
    content = read_envelope(body.encode())
    assert (
        isinstance(content, Reply) and device_replies.parse_recording_summary(content.node).data_from is None
    )
