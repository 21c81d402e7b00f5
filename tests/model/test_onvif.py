"""What ONVIF fixes for everybody is read in one way, however a camera writes it."""

from __future__ import annotations

import pytest

from camagent.discover.plan import DiscoveryPlan
from camagent.interrogate.interview import InterviewOptions
from camagent.interrogate.service_urls import candidate_urls
from camagent.model.device import DeviceTarget
from camagent.model.onvif import ONVIF_PORTS, ONVIF_SEARCH_PORTS, TLS_PORTS, claimed_profiles, scope_value


@pytest.mark.parametrize(
    ("scopes", "letters"),
    [
        (("onvif://www.onvif.org/Profile/Streaming",), ("S",)),
        (("onvif://www.onvif.org/profile/T", "onvif://www.onvif.org/Profile/T/"), ("T",)),
        ((" onvif://www.onvif.org/Profile/G", "ONVIF://WWW.ONVIF.ORG/PROFILE/streaming"), ("G", "S")),
        (("onvif://www.onvif.org/Profile/m/1.0", "onvif://www.onvif.org/Profile/%54"), ("M", "T")),
        (
            (
                "onvif://www.onvif.org/Profile/Q2",
                "onvif://www.onvif.org/Profile/",
                "onvif://www.onvif.org/name/T",
            ),
            (),
        ),
    ],
)
def test_claimed_profiles(scopes: tuple[str, ...], letters: tuple[str, ...]) -> None:
    assert claimed_profiles(scopes) == letters


def test_names_are_one_printable_line() -> None:
    scopes = ("onvif://www.onvif.org/Name/C%E1%BB%95ng_ch%C3%ADnh%0A", "onvif://www.onvif.org/hardware/")
    assert scope_value(scopes, "name") == "Cổng chính" and scope_value(scopes, "hardware") is None


def test_search_and_interview_try_the_same_doors() -> None:
    """One of them in clear and the other in TLS would lose every camera behind such a port."""
    assert InterviewOptions().ports == ONVIF_PORTS
    assert DiscoveryPlan((), ()).onvif_ports == ONVIF_SEARCH_PORTS
    for port in sorted(TLS_PORTS):
        urls = candidate_urls(DeviceTarget("192.0.2.9"), (port,))
        assert urls and all(url.startswith("https://") for url in urls)


def test_the_whole_ladder_of_a_search_fits_among_what_a_check_tries() -> None:
    urls = candidate_urls(DeviceTarget("192.0.2.9"), ONVIF_SEARCH_PORTS)
    assert len(urls) == len(ONVIF_SEARCH_PORTS) > 12
    assert "http://192.0.2.9:10080/onvif/device_service" in urls
