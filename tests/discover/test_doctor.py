from __future__ import annotations

import socket
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from camagent.discover.diagnosis import CHECKS, Level, is_able, judge_machine, verdict
from camagent.discover.interfaces import Medium
from camagent.discover.network_facts import MachineFacts, Route, collect_facts
from camagent.model.onvif import DISCOVERY_PORT, GROUP_V4
from camagent.model.text import message
from camagent.platform.linux_adapters import parse_default_routes
from camagent.platform.system_clock import SystemClock
from camagent.platform.windows_rules import allowed_profiles, blocked_profiles
from camagent.text import LANGUAGES, render
from tests.discover.network import Network
from tests.discover.test_interfaces import interface

HEALTHY = MachineFacts(
    interfaces=(interface("lo", "127.0.0.1/8", medium=Medium.LOOPBACK), interface("eth0", "192.168.1.5/24")),
    multicast_errors=(),
    default_interfaces=("eth0",),
    routes=(),
    wsd_port_busy=False,
    firewalls=(),
    in_container=False,
    now=datetime(2026, 11, 23, tzinfo=UTC),
    clock_synchronised=True,
    open_files=1024,
    data_dir="/var/lib/camagent",
    free_bytes=50_000_000_000,
)


def complaints(**changes: Any) -> dict[str, Level]:
    return {
        d.message.key.removeprefix("discover.doctor."): d.level
        for d in judge_machine(replace(HEALTHY, **changes))
        if d.level is not Level.OK
    }


def test_a_healthy_machine_is_told_so_check_by_check() -> None:
    diagnoses = judge_machine(HEALTHY)
    assert complaints() == {}
    assert is_able(diagnoses)
    assert verdict(diagnoses).key == "discover.doctor.able"
    assert {d.check for d in diagnoses} == CHECKS.keys() - {"container"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"interfaces": ()}, {"no_interface": Level.FAIL}),
        (
            {"interfaces": (interface("eth0", "192.168.1.5/24", running=False),)},
            {"no_carrier": Level.WARN, "no_interface": Level.FAIL},
        ),
        ({"interfaces": (interface("eth0"),)}, {"no_address": Level.WARN, "no_interface": Level.FAIL}),
        (
            {"interfaces": (interface("docker0", "172.17.0.1/16", medium=Medium.CONTAINER),)},
            {"container_interface": Level.WARN, "no_interface": Level.FAIL},
        ),
        (
            {"interfaces": (interface("eth0", "169.254.7.7/16"),)},
            {"link_local": Level.WARN, "no_ipv4": Level.FAIL},
        ),
        (
            {"interfaces": (interface("eth0", "192.168.1.5/24"), interface("wlan0", "192.168.1.6/24"))},
            {"same_network": Level.WARN},
        ),
        ({"interfaces": (interface("eth0", "10.1.2.3/8"),)}, {"range_narrowed": Level.WARN}),
        ({"interfaces": (interface("eth0", "198.51.100.3/24"),)}, {"public_range": Level.WARN}),
        ({"multicast_errors": (("eth0", message("os.no_route")),)}, {"no_multicast": Level.FAIL}),
        ({"multicast_errors": (("docker0", message("os.forbidden")),)}, {}),
        (
            {
                "interfaces": (*HEALTHY.interfaces, interface("tun0", medium=Medium.TUNNEL)),
                "default_interfaces": ("tun0",),
            },
            {"tunnel_interface": Level.WARN, "vpn_route": Level.WARN},
        ),
        ({"routes": (Route("10.9.0.0/24", None),)}, {"no_route": Level.FAIL}),
        ({"routes": (Route("10.9.0.0/24", "192.168.1.5"),)}, {"behind_router": Level.WARN}),
        ({"routes": (Route("192.168.1.0/24", "192.168.1.5"),)}, {}),
        ({"wsd_port_busy": True}, {"port_busy": Level.WARN}),
        ({"firewalls": ("ufw",)}, {"firewall": Level.WARN}),
        ({"firewalls": ("windows_public",)}, {"windows_public": Level.WARN}),
        ({"firewalls": ("windows_blocks",)}, {"windows_blocks": Level.WARN}),
        ({"firewalls": ("windows_allows",)}, {}),
        (
            {"firewalls": ("windows_private", "windows_domain")},
            {f"windows_{n}": Level.WARN for n in ("private", "domain")},
        ),
        ({"interfaces": (interface("Wi-Fi", "192.168.1.5/24", wireless=True),)}, {"wireless": Level.WARN}),
        ({"open_files": None}, {}),
        ({"in_container": True}, {"in_container": Level.WARN}),
        ({"now": datetime(1970, 1, 1, tzinfo=UTC)}, {"clock_wrong": Level.FAIL}),
        ({"clock_synchronised": False}, {"clock_free": Level.WARN}),
        ({"clock_synchronised": None}, {"clock_unknown": Level.WARN}),
        ({"open_files": 1000}, {"few_files": Level.WARN}),
        ({"open_files": 64}, {"few_files": Level.FAIL}),
        ({"open_files": -1}, {}),
        ({"free_bytes": 500_000_000}, {"little_disk": Level.WARN}),
        ({"free_bytes": 5_000_000}, {"little_disk": Level.FAIL}),
        ({"free_bytes": None}, {"disk_unknown": Level.WARN}),
    ],
)
def test_each_obstacle_is_named_with_its_weight_and_a_remedy(
    changes: dict[str, Any], expected: dict[str, Level]
) -> None:
    assert complaints(**changes) == expected
    diagnoses = judge_machine(replace(HEALTHY, **changes))
    assert is_able(diagnoses) == (Level.FAIL not in expected.values())
    for diagnosis in diagnoses:
        assert (diagnosis.remedy is None) == (diagnosis.level is Level.OK)
        for lang in LANGUAGES:
            assert render(diagnosis.message, lang)
            assert diagnosis.remedy is None or render(diagnosis.remedy, lang)
    assert all(render(verdict(diagnoses), lang) for lang in LANGUAGES)


PROGRAM = r"D:\Trường\camagent\python\python.exe"
BLOCKS = (
    rf"v2.31|Action=Block|Active=TRUE|Dir=In|Protocol=17|Profile=Public|Profile=Private|App={PROGRAM.upper()}"
    "|Name=python.exe|Desc=python.exe|Defer=User|"
)


def test_a_rule_of_windows_firewall_counts_only_for_this_program_and_what_it_receives() -> None:
    allows = BLOCKS.replace("Block", "Allow").replace("Profile=Public|", "")
    assert blocked_profiles([BLOCKS], PROGRAM) == {"Public", "Private"}
    assert allowed_profiles([allows], PROGRAM) == {"Private"}
    assert allowed_profiles([allows, BLOCKS], PROGRAM) == frozenset()
    everywhere = BLOCKS.replace("Profile=Public|Profile=Private|", "")
    assert blocked_profiles([everywhere], PROGRAM) == {"Public", "Private", "Domain"}
    for old, new in (("TRUE", "FALSE"), ("Dir=In", "Dir=Out"), ("Protocol=17", "Protocol=6"), ("D:", "E:")):
        assert blocked_profiles([BLOCKS.replace(old, new)], PROGRAM) == frozenset(), new
    assert blocked_profiles(["", "v2.31", "|||=|", "Action=Block"], PROGRAM) == frozenset()


def test_default_routes_are_read_from_the_kernel_s_table() -> None:
    table = (
        "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
        "tun0\t00000000\t0100080A\t0003\t0\t0\t50\t00000000\t0\t0\t0\n"
        "eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
        "eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n"
        "bad\n"
    )
    assert parse_default_routes(table) == ("tun0", "eth0")
    assert parse_default_routes("") == ()


def test_facts_of_a_bare_machine(network: Network, tmp_path: Path) -> None:
    facts = collect_facts(SystemClock(), tmp_path / "not" / "there", ["192.168.7.0/24", "127.10.0.0/24"])
    assert [i.name for i in facts.interfaces] == ["lo"]
    assert facts.default_interfaces == ()
    assert facts.routes == (Route("192.168.7.0/24", None), Route("127.10.0.0/24", "127.0.0.1"))
    assert facts.free_bytes is not None
    assert not facts.wsd_port_busy
    assert not is_able(judge_machine(facts))


def test_facts_of_a_connected_machine(network: Network, far_network: Network, tmp_path: Path) -> None:
    network.cable_to(far_network, "eth1", "far1")
    network.run("addr add 192.168.1.2/24 dev eth1")
    network.run("route add default via 192.168.1.1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wsdd:
        wsdd.bind((GROUP_V4, DISCOVERY_PORT))
        facts = collect_facts(SystemClock(), tmp_path, ["10.9.0.0/24"])
    assert facts.multicast_errors == ()
    assert facts.default_interfaces == ("eth1",)
    assert facts.routes == (Route("10.9.0.0/24", "192.168.1.2"),)
    assert facts.wsd_port_busy


def test_the_doctor_sends_no_packet(network: Network, far_network: Network, tmp_path: Path) -> None:
    network.cable_to(far_network, "eth1", "far1")
    for own, name in ((network, "eth1"), (far_network, "far1")):
        own.run(f"link set {name} addrgenmode none")
        own.run(f"addr flush dev {name}")
    network.run("addr add 192.168.1.2/24 dev eth1")

    def sent() -> str:
        lines = Path("/proc/net/dev").read_text().splitlines()
        return next(line.split()[9] + " " + line.split()[10] for line in lines if "eth1" in line)

    # The kernel may still announce its own multicast groups on the new link; what the doctor sends, it sends
    # each time.
    for _ in range(5):
        before = sent()
        judge_machine(collect_facts(SystemClock(), tmp_path, ["192.168.1.0/24", "10.0.0.0/24"]))
        if sent() == before:
            return
    raise AssertionError(f"{before} then {sent()}")
