"""The choice of the way in, as a table; and where services are asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camagent.interrogate.auth import (
    Evidence,
    Refusal,
    Way,
    choose_way,
    is_zone_error,
    next_way,
    token_time,
    wsse_way,
)
from camagent.interrogate.device_replies import CUT_OFF_S, StatedService
from camagent.interrogate.service_urls import candidate_urls, pin_services, redirect_target
from camagent.model.device import DeviceTarget
from camagent.model.fault import FaultCode
from camagent.wire.digest import parse_challenges
from tests.builders import device_clock
from tests.floor import judged, not_vacuous
from tests.interrogate.fake_device import LOGIN

DIGEST = parse_challenges(['Digest realm="a", nonce="b"'])
BASIC = parse_challenges(['Basic realm="a"'])
BEARER = parse_challenges(["Bearer"])
CLOCK = device_clock(offset_s=-12.0)


@pytest.mark.parametrize(
    ("evidence", "way"),
    [
        (Evidence(DIGEST, clock=CLOCK), Way.HTTP_DIGEST),
        (Evidence((*BASIC, *DIGEST), soap_refused=True, clock=CLOCK), Way.HTTP_DIGEST),
        (Evidence(soap_refused=True, clock=CLOCK), Way.WSSE_DEVICE_TIME),
        (Evidence(clock=CLOCK), Way.WSSE_DEVICE_TIME),
        (Evidence(BASIC, soap_refused=True, clock=CLOCK), Way.WSSE_DEVICE_TIME),
        (Evidence(soap_refused=True), Way.WSSE_OWN_TIME),
        (Evidence(BASIC), FaultCode.AUTH_WOULD_LEAK),
        (Evidence(BASIC, pinned_port=443), Way.HTTP_BASIC),
        (Evidence(BEARER), FaultCode.AUTH_UNSUPPORTED),
    ],
)
def test_the_way_in_follows_from_what_was_seen(evidence: Evidence, way: Way | FaultCode) -> None:
    assert choose_way(evidence, LOGIN) is way


def test_basic_in_clear_needs_the_operators_word() -> None:
    assert choose_way(Evidence(BASIC), replace(LOGIN, allow_basic=True)) is Way.HTTP_BASIC


@pytest.mark.parametrize(
    ("offset_s", "http_offset_s", "way"),
    [
        (25200.0, 0.4, Way.WSSE_OWN_TIME),
        (25200.0, None, Way.WSSE_DEVICE_TIME),
        (25200.0, 25200.0, Way.WSSE_DEVICE_TIME),
        (25290.0, 0.4, Way.WSSE_DEVICE_TIME),
        (-19800.0, 0.0, Way.WSSE_OWN_TIME),
        (3.0, 0.0, Way.WSSE_DEVICE_TIME),
    ],
)
def test_a_zone_error_is_only_believed_with_a_witness(
    offset_s: float, http_offset_s: float | None, way: Way
) -> None:
    assert wsse_way(Evidence(clock=device_clock(offset_s=offset_s), http_offset_s=http_offset_s)) is way


@pytest.mark.parametrize(
    ("way", "refusal", "further"),
    [
        (Way.WSSE_DEVICE_TIME, Refusal(), None),
        (Way.WSSE_DEVICE_TIME, Refusal(DIGEST), Way.HTTP_DIGEST),
        (Way.WSSE_DEVICE_TIME, Refusal(names_time=True), Way.WSSE_OWN_TIME),
        (Way.WSSE_OWN_TIME, Refusal(names_time=True), None),
        (Way.WSSE_DEVICE_TIME, Refusal(DIGEST, names_lock=True), None),
        (Way.WSSE_DEVICE_TIME, Refusal(BASIC), None),
        (Way.HTTP_DIGEST, Refusal(DIGEST, names_time=True), None),
        (Way.HTTP_BASIC, Refusal(DIGEST), None),
    ],
)
def test_a_second_try_needs_proof_that_the_secret_was_not_judged(
    way: Way, refusal: Refusal, further: Way | None
) -> None:
    assert next_way(way, refusal) is further


@not_vacuous(0.06)
@given(
    st.floats(-60_000, 60_000)
    | st.builds(lambda n, s: n * 1800 + s, st.integers(-24, 24), st.floats(-60, 60))
)
def test_small_offsets_are_never_zone_errors(offset_s: float) -> None:
    if judged(is_zone_error(offset_s)):
        assert abs(offset_s) > 1700 and min(offset_s % 1800, 1800 - offset_s % 1800) <= 30.001


def test_tokens_are_on_device_time_only_where_that_is_the_way() -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    evidence = Evidence(clock=replace(CLOCK, utc=now - timedelta(seconds=12)), clock_read_at_s=100.0)
    late = now - timedelta(seconds=12) + timedelta(seconds=CUT_OFF_S + CLOCK.round_trip_s / 2 + 4)
    assert token_time(Way.WSSE_DEVICE_TIME, now, evidence, 104.0) == late
    assert token_time(Way.WSSE_OWN_TIME, now, evidence, 104.0) == now
    assert token_time(Way.WSSE_DEVICE_TIME, now, Evidence(), 104.0) == now
    end = Evidence(clock=replace(CLOCK, utc=datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)))
    assert token_time(Way.WSSE_DEVICE_TIME, now, end, 104.0) == now


@pytest.mark.parametrize(
    ("stated", "pinned"),
    [
        ("http://10.0.0.5/onvif/media", "http://10.0.0.5/onvif/media"),
        ("http://10.0.0.5:8899/onvif/media?x=1", "http://10.0.0.5:8899/onvif/media?x=1"),
        ("http://192.168.1.10:8899/m", "http://10.0.0.5:8000/m"),
        ("https://10.0.0.5/m", "http://10.0.0.5:8000/m"),
        ("http://192.168.1.10/a http://10.0.0.5:81/b", "http://10.0.0.5:81/b"),
        ("http://10.0.0.5", "http://10.0.0.5/"),
    ],
)
def test_services_keep_their_path_and_lose_their_host(stated: str, pinned: str) -> None:
    (service,) = pin_services(
        [StatedService("ns", stated, None)], "http://10.0.0.5:8000/onvif/device_service"
    )
    assert service.xaddr == pinned


@not_vacuous(0.08)
@given(
    st.lists(
        st.text(max_size=60) | st.from_regex(r"https?://[\w.\[\]:%@-]{0,20}/?.{0,9}", fullmatch=True),
        max_size=5,
    )
)
def test_any_announced_address_leads_to_the_host_that_was_given(xaddrs: list[str]) -> None:
    candidates = candidate_urls(DeviceTarget("10.0.0.5", xaddrs=tuple(xaddrs)), (80,))
    pinned = pin_services(
        [StatedService("ns", text, None) for text in xaddrs], "http://10.0.0.5/onvif/device_service"
    )
    judged(bool(candidates and pinned))
    for url in candidates:
        assert url.startswith(
            ("http://10.0.0.5/", "http://10.0.0.5:", "https://10.0.0.5/", "https://10.0.0.5:")
        )
    for service in pinned:
        assert service.xaddr.startswith(("http://10.0.0.5/", "http://10.0.0.5:"))


@pytest.mark.parametrize(
    ("url", "location", "target"),
    [
        ("http://10.0.0.5/a", "/b", "http://10.0.0.5/b"),
        ("http://10.0.0.5/a", "https://10.0.0.5/a", "https://10.0.0.5/a"),
        ("https://10.0.0.5/a", "http://10.0.0.5/a", None),
        ("http://10.0.0.5/a", "http://10.0.0.6/a", None),
        ("http://10.0.0.5/a", "//evil/a", None),
        ("http://10.0.0.5/a", "http://u:p@10.0.0.5/", None),
        ("http://10.0.0.5/a", "ftp://10.0.0.5/", None),
        ("http://10.0.0.5/a", "http://[::1", None),
        ("http://10.0.0.5/a", "/" + "x" * 3000, None),
    ],
)
def test_a_redirect_stays_within_the_device_and_within_tls(
    url: str, location: str, target: str | None
) -> None:
    assert redirect_target(url, location) == target
