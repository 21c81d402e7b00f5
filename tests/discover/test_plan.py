from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camagent.discover.interfaces import Interface, Medium
from camagent.discover.plan import hosts_of, is_loopback, make_plan
from camagent.model.operator_error import OperatorError
from camagent.text import LANGUAGES, render
from tests.discover.test_interfaces import interface

LOOPBACK = interface("lo", "127.0.0.1/8", medium=Medium.LOOPBACK)
MACHINE: tuple[Interface, ...] = (
    LOOPBACK,
    interface("eth0", "192.168.1.5/24"),
    interface("eth1", "10.1.0.5/24"),
)


def refusals(**wanted: list[str]) -> list[str]:
    with pytest.raises(OperatorError) as caught:
        make_plan(MACHINE, **wanted)
    for problem in caught.value.problems:
        for lang in LANGUAGES:
            assert render(problem, lang)
    return [problem.key.removeprefix("discover.error.") for problem in caught.value.problems]


def test_without_a_word_the_machine_s_own_networks_are_searched_on_every_interface() -> None:
    plan = make_plan(MACHINE)
    assert [i.name for i in plan.interfaces] == ["eth0", "eth1"]
    assert sorted(map(str, plan.subnets)) == ["10.1.0.0/24", "192.168.1.0/24"]
    assert plan.address_count == 508


def test_nothing_to_search_is_an_error_and_not_an_empty_result() -> None:
    # edgexfoundry/device-onvif-camera#432
    with pytest.raises(OperatorError) as caught:
        make_plan((LOOPBACK, interface("docker0", "172.28.0.1/24", medium=Medium.CONTAINER)))
    assert "container_interface:docker0" in dict(caught.value.problems[0].args)["left_out"]  # type: ignore[operator]
    with pytest.raises(OperatorError) as nothing:
        make_plan((LOOPBACK,))
    assert dict(nothing.value.problems[0].args) == {}, "nothing was left out, so nothing is said of it"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("192.168.1.0/33", "bad_subnet"),
        ("camera", "bad_subnet"),
        ("8.8.8.0/24", "public_subnet"),
        ("0.0.0.0/0", "public_subnet"),
        ("10.0.0.0/8", "wide_subnet"),
        ("fd00::/64", "ipv6_subnet"),
    ],
)
def test_a_range_that_may_not_be_searched_is_refused_with_its_reason(text: str, reason: str) -> None:
    assert refusals(subnets=[text]) == [reason]


def test_all_mistakes_are_told_at_once() -> None:
    assert refusals(subnets=["x", "8.8.8.8"], interfaces=["eth9"]) == [
        "bad_subnet",
        "public_subnet",
        "no_such_interface",
    ]


def test_a_range_on_loopback_is_searched_on_loopback_alone() -> None:
    assert [i.name for i in make_plan(MACHINE, subnets=["127.10.1.0/28"]).interfaces] == ["lo"]
    assert [
        i.name for i in make_plan(MACHINE, subnets=["127.10.1.0/28"], addresses=["127.10.1.99"]).interfaces
    ] == ["lo"]
    assert len(make_plan(MACHINE, subnets=["127.10.1.0/28", "192.168.9.0/24"]).interfaces) == 2
    assert len(make_plan(MACHINE, subnets=["127.10.1.0/28"], addresses=["192.168.9.9"]).interfaces) == 2


def test_a_named_interface_is_searched_whatever_it_is() -> None:
    plan = make_plan(
        (*MACHINE, interface("docker0", "172.28.0.1/24", medium=Medium.CONTAINER)), interfaces=["docker0"]
    )
    assert [i.name for i in plan.interfaces] == ["docker0"]
    assert [str(s) for s in plan.subnets] == ["172.28.0.0/24"]


def test_host_bits_in_a_range_are_forgiven_and_overlaps_are_joined() -> None:
    plan = make_plan(MACHINE, subnets=["192.168.1.7/24", "192.168.1.128/25"])
    assert [str(s) for s in plan.subnets] == ["192.168.1.0/24"]


@given(st.integers(0, 2**16 - 1), st.integers(24, 32))
def test_every_host_of_a_range_is_asked_and_no_other(number: int, prefix: int) -> None:
    plan = make_plan(MACHINE, subnets=[f"10.77.{number >> 8}.{number & 255}/{prefix}"])
    hosts = hosts_of(plan.subnets[0])
    assert [str(h) for h in hosts] == [str(h) for h in plan.subnets[0].hosts()]
    assert plan.address_count == len(hosts) > 0


def test_a_name_is_not_loopback() -> None:
    assert not is_loopback("localhost.example")
