"""Whole searches against peers that misbehave in one way, each in a network of its own (needs root)."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from camagent.discover import multicast
from camagent.discover.interfaces import list_interfaces
from camagent.discover.plan import DiscoveryPlan, Pacing, make_plan
from camagent.discover.search import search
from camagent.model.discovery import Discovery, FoundBy, RtspOnly
from camagent.model.onvif import ONVIF_PATHS, ONVIF_SEARCH_PORTS
from camagent.platform.system_clock import SystemClock
from tests.discover.network import Network
from tests.discover.peers import (
    TIME_REPLY,
    Answer,
    Responder,
    envelope,
    http,
    match,
    matches,
    message_id,
    says,
    tcp_peer,
)

QUICK = Pacing(
    probe_at_s=(0.0, 0.1, 0.2),
    settle_s=0.3,
    connect_s=1.0,
    reply_s=1.0,
    patient_connect_s=5.0,
    patient_reply_s=5.0,
)
RTSP_OK = b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nServer: Dahua Rtsp Server\r\n\r\n"


def plan(
    interfaces: Sequence[str] = (),
    subnets: Sequence[str] = (),
    addresses: Sequence[str] = (),
    **changes: object,
) -> DiscoveryPlan:
    made = make_plan(list_interfaces(), interfaces, subnets, addresses)
    return replace(made, **{"pacing": QUICK, "subnets": made.subnets if subnets else (), **changes})  # type: ignore[arg-type]


def run(wanted: DiscoveryPlan, *responders: Responder) -> Discovery:
    async def main() -> Discovery:
        with ExitStack() as stack:
            for responder in responders:
                stack.enter_context(responder.running())
            return await search(wanted, SystemClock())

    return asyncio.run(main())


def hosts(discovery: Discovery) -> list[str]:
    return [str(target) for target in discovery.devices]


def codes(discovery: Discovery) -> set[str]:
    return {note.code for note in discovery.notes}


def lan(near: Network, far: Network, number: int, camera: str | None = None) -> None:
    """A cable eth<number>, 192.168.<number>.2 here and (unless told) 192.168.<number>.9 there."""
    near.cable_to(far, f"eth{number}", f"far{number}")
    near.run(f"addr add 192.168.{number}.2/24 dev eth{number}")
    far.run(f"addr add {camera or f'192.168.{number}.9/24'} dev far{number}")


def camera_in(far: Network, address: str, answer: Answer | None = None) -> Responder:
    xaddr = f"http://{address}/onvif/device_service"
    with far.inside():
        return Responder(answer or says(matches(match(xaddr, f"urn:uuid:{address}"))), join=address)


def test_cameras_behind_every_interface_are_found_and_not_only_behind_the_default_one(
    network: Network, far_network: Network
) -> None:
    # agsh/onvif#55, #330; futomi/node-onvif#28: the probe left through the default route only
    lan(network, far_network, 1)
    lan(network, far_network, 2)
    network.run("route add default via 192.168.1.1")
    discovery = run(plan(), camera_in(far_network, "192.168.1.9"), camera_in(far_network, "192.168.2.9"))
    assert hosts(discovery) == ["192.168.1.9:80", "192.168.2.9:80"]
    assert [s.interface for s in discovery.sightings] == ["eth1", "eth2"]
    assert discovery.interfaces == ("eth1", "eth2")


def test_an_interface_that_swallows_everything_costs_only_itself(
    network: Network, far_network: Network
) -> None:
    # futomi/node-onvif#41: a virtual interface swallowed the probe
    lan(network, far_network, 1)
    network.stub("eth7", "eth8")
    network.run("addr add 10.7.0.1/24 dev eth7")
    discovery = run(plan(), camera_in(far_network, "192.168.1.9"))
    assert hosts(discovery) == ["192.168.1.9:80"]


@pytest.mark.parametrize("answered", [0, 1, 2])
def test_a_camera_that_answers_one_probe_of_the_three_is_found(
    network: Network, far_network: Network, answered: int
) -> None:
    # agsh/onvif#25: found once and then never again; one answer of several must do
    lan(network, far_network, 1)
    probes: list[bytes] = []

    def once(probe: bytes) -> list[bytes]:
        probes.append(probe)
        return [matches(match("http://192.168.1.9/onvif/x"))] if len(probes) - 1 == answered else []

    discovery = run(plan(["eth1"]), camera_in(far_network, "192.168.1.9", once))
    assert hosts(discovery) == ["192.168.1.9:80"]
    assert discovery.devices[0].path == "/onvif/x"
    assert len({message_id(probe) for probe in probes}) == len(probes) == 4


def test_a_camera_with_an_address_of_another_network_is_listed_with_a_note(
    network: Network, far_network: Network
) -> None:
    # snow-tree/camera-probe#17; quatanium/python-onvif#7: factory address 192.0.0.64
    lan(network, far_network, 1, camera="192.0.0.64/24")
    far_network.run("route add 192.168.1.0/24 dev far1")
    discovery = run(plan(["eth1"]), camera_in(far_network, "192.0.0.64"))
    assert [(s.target.host, s.off_subnet) for s in discovery.sightings] == [("192.0.0.64", True)]
    assert "off_subnet" in codes(discovery)


def test_a_factory_address_that_one_of_our_own_addresses_reaches_is_within_reach(
    network: Network, far_network: Network
) -> None:
    # the technician has given his own machine a second address for exactly this camera
    lan(network, far_network, 1, camera="192.0.0.64/24")
    far_network.run("route add 192.168.1.0/24 dev far1")
    network.run("addr add 192.0.0.50/24 dev eth1 label eth1:1")
    discovery = run(plan(["eth1"]), camera_in(far_network, "192.0.0.64"))
    assert [(s.target.host, s.off_subnet) for s in discovery.sightings] == [("192.0.0.64", False)]
    assert "off_subnet" not in codes(discovery) and discovery.interfaces == ("eth1",)


def second_address(
    network: Network, far: Network, *ports: tuple[str, int], patience_s: float = 1.0
) -> Discovery:
    """A device at 192.168.1.9 that answers probes from 192.168.1.77; which of them take calls is given."""
    lan(network, far, 1, "192.168.1.77/24")
    far.run("addr add 192.168.1.9/24 dev far1")
    far.run("link set lo up")
    answer = says(matches(match("http://192.168.1.9/onvif/device_service", "urn:uuid:1")))
    pacing = replace(QUICK, patient_connect_s=patience_s, patient_reply_s=patience_s)

    async def main() -> Discovery:
        async with AsyncExitStack() as stack:
            with far.inside():
                responder = Responder(answer, join="192.168.1.77")
                for address, port in ports:
                    await stack.enter_async_context(tcp_peer(http("200 OK", TIME_REPLY), address, port))
            stack.enter_context(responder.running())
            return await search(plan(["eth1"], pacing=pacing), SystemClock())

    return asyncio.run(main())


def test_a_device_that_answers_from_a_second_address_is_found_at_the_one_that_it_names(
    network: Network, far_network: Network
) -> None:
    discovery = second_address(network, far_network, ("192.168.1.9", 80))
    assert hosts(discovery) == ["192.168.1.9:80"] and not discovery.sightings[0].off_subnet


def test_a_device_that_takes_calls_where_it_answered_is_not_sought_elsewhere(
    network: Network, far_network: Network
) -> None:
    discovery = second_address(network, far_network, ("192.168.1.9", 80), ("192.168.1.77", 80))
    assert hosts(discovery) == ["192.168.1.77:80"]


def test_a_device_that_takes_calls_nowhere_stays_where_it_answered(
    network: Network, far_network: Network
) -> None:
    assert hosts(second_address(network, far_network)) == ["192.168.1.77:80"]


def test_an_interface_without_link_is_noted_and_the_others_are_searched(
    network: Network, far_network: Network
) -> None:
    # andreikop/python-ws-discovery#37, #53: one interface's error ended the discovery
    lan(network, far_network, 1)
    lan(network, far_network, 2)
    network.run("link set eth2 down")
    discovery = run(plan(["eth2", "eth1"]), camera_in(far_network, "192.168.1.9"))
    assert hosts(discovery) == ["192.168.1.9:80"]
    assert discovery.interfaces == ("eth1",)
    assert {str(note).split()[0] for note in discovery.notes} >= {"interface_down:eth2"}


def test_a_second_search_directly_after_the_first_works(network: Network, far_network: Network) -> None:
    # andreikop/python-ws-discovery#50: "Address already in use"; also with a fixed port, agsh/onvif#118
    lan(network, far_network, 1)
    wanted = replace(plan(["eth1"]), source_port=33702)
    for _ in range(2):
        assert hosts(run(wanted, camera_in(far_network, "192.168.1.9"))) == ["192.168.1.9:80"]


def test_a_busy_fixed_port_is_noted_and_not_taken_for_an_empty_network(
    network: Network, far_network: Network
) -> None:
    lan(network, far_network, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("", 33702))
        discovery = run(replace(plan(["eth1"]), source_port=33702), camera_in(far_network, "192.168.1.9"))
    assert (hosts(discovery), discovery.interfaces) == ([], ())
    assert "source_port_busy" in codes(discovery)


def test_the_search_joins_no_group(network: Network, far_network: Network) -> None:
    # andreikop/python-ws-discovery#40: a membership makes snooping switches swallow the answers
    lan(network, far_network, 1)
    joined: list[bool] = []

    def look(_probe: bytes) -> list[bytes]:
        joined.append("FAFFFFEF" in Path("/proc/net/igmp").read_text())
        return []

    run(plan(["eth1"]), camera_in(far_network, "192.168.1.9", look))
    assert joined == [False] * 4


def test_a_camera_on_ipv6_link_local_alone_is_found(network: Network, far_network: Network) -> None:
    network.cable_to(far_network, "eth1", "far1")
    network.run("addr add fe80::2/64 dev eth1 nodad")
    far_network.run("addr add fe80::9/64 dev far1 nodad")
    with far_network.inside():
        responder = Responder(says(matches(match("http://[fe80::9]/onvif/device_service"))))
        responder.sock.close()
        responder.sock = responder.voice = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        responder.sock.setblocking(False)
        responder.sock.bind(("::", 3702))
        index = socket.if_nametoindex("far1").to_bytes(4, "little")
        member = socket.inet_pton(socket.AF_INET6, "ff02::c") + index
        responder.sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, member)
    discovery = run(plan(["eth1"]), responder)
    assert [target.host for target in discovery.devices] == ["fe80::9%eth1"]


def test_one_malformed_answer_loses_no_other(network: Network, far_network: Network) -> None:
    # vicmaeg/onvif-discovery#45
    lan(network, far_network, 1)
    good = matches(match("http://192.168.1.9/onvif/device_service"))
    discovery = run(
        plan(["eth1"]), camera_in(far_network, "192.168.1.9", says(b"\x00\xff<<<", good, b"<a/>"))
    )
    assert hosts(discovery) == ["192.168.1.9:80"]
    assert discovery.malformed_datagrams == 8


def test_a_camera_that_only_answers_a_probe_without_types_is_found(
    network: Network, far_network: Network
) -> None:
    lan(network, far_network, 1)

    def typeless(probe: bytes) -> list[bytes]:
        fault = envelope("<s:Fault/>", message_id(probe))
        return [fault if b"Types" in probe else matches(match("http://192.168.1.9/onvif/device_service"))]

    assert hosts(run(plan(["eth1"]), camera_in(far_network, "192.168.1.9", typeless))) == ["192.168.1.9:80"]


def test_who_answers_every_probe_with_a_fault_is_asked_over_http(
    network: Network, far_network: Network
) -> None:
    # edgexfoundry/device-onvif-camera#134, andreikop/python-ws-discovery#56
    lan(network, far_network, 1)

    async def main() -> Discovery:
        with far_network.inside():
            responder = camera_in(far_network, "192.168.1.9", says(envelope("<s:Fault/>")))
            server = tcp_peer(http("200 OK", TIME_REPLY), "192.168.1.9", 8899)
            await server.__aenter__()
        with responder.running():
            return await search(plan(["eth1"]), SystemClock())

    discovery = asyncio.run(main())
    assert hosts(discovery) == ["192.168.1.9:8899"]
    assert discovery.sightings[0].found_by == (FoundBy.HTTP,)


def test_printers_are_counted_and_no_camera_is_invented(network: Network, far_network: Network) -> None:
    lan(network, far_network, 1)
    printer = matches(match(None, types="wprt:PrintDeviceType", scopes=None))
    discovery = run(plan(["eth1"]), camera_in(far_network, "192.168.1.9", says(printer)))
    assert (hosts(discovery), discovery.other_responders) == ([], 1)


def test_a_camera_that_multicast_does_not_reach_is_found_by_a_directed_probe(network: Network) -> None:
    # edgexfoundry/device-onvif-camera#137, jimm98y/SharpOnvif#37: across VLANs
    answer = says(matches(match("http://127.77.0.5:8080/onvif/device_service")))
    discovery = run(plan(["lo"], ["127.77.0.0/29"]), Responder(answer, address="127.77.0.5"))
    assert hosts(discovery) == ["127.77.0.5:8080"]
    assert discovery.sightings[0].found_by == (FoundBy.DIRECTED,)
    assert (discovery.subnets, discovery.addresses_probed, discovery.addresses_answered) == (
        ("127.77.0.0/29",),
        6,
        6,
    )


@pytest.mark.parametrize("typed", [True, False])
def test_a_directed_probe_is_sent_with_and_without_types(network: Network, typed: bool) -> None:
    # andreikop/python-ws-discovery#56: some fault on the one, some on the other
    def picky(probe: bytes) -> list[bytes]:
        good = matches(match("http://127.77.0.5:8080/onvif/device_service"))
        return [good if (b"Types" in probe) is typed else envelope("<s:Fault/>")]

    discovery = run(plan(["lo"], ["127.77.0.4/30"]), Responder(picky, address="127.77.0.5"))
    assert hosts(discovery) == ["127.77.0.5:8080"]


def test_answers_that_were_not_kept_are_stated(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multicast, "MAX_PER_SOURCE", 1)
    answer = says(
        matches(match("http://127.77.0.5:8080/onvif")), matches(match("http://127.77.0.5:8081/onvif"))
    )
    discovery = run(plan(["lo"], ["127.77.0.5/32"]), Responder(answer, address="127.77.0.5"))
    assert "datagrams_dropped" in codes(discovery)


@pytest.mark.parametrize("port", [port for port in ONVIF_SEARCH_PORTS if port != 443])
def test_a_camera_that_opens_one_port_only_is_found_there(network: Network, port: int) -> None:
    # open-nvr/open-nvr PR #301: a camera on 8000 alone was found in 2 of 5 sweeps
    async def main() -> Discovery:
        async with tcp_peer(http("200 OK", TIME_REPLY), "127.77.0.3", port):
            return await search(plan(["lo"], ["127.77.0.0/29"]), SystemClock())

    discovery = asyncio.run(main())
    assert hosts(discovery) == [f"127.77.0.3:{port}"]
    assert discovery.sightings[0].found_by == (FoundBy.HTTP,)


@pytest.mark.parametrize("port", [554, 8554, 5554, 10554])
def test_a_camera_whose_onvif_is_off_is_listed_as_rtsp_only(network: Network, port: int) -> None:
    # Quedale/OnvifDeviceManager#40
    async def main() -> Discovery:
        async with tcp_peer(RTSP_OK, "127.77.0.3", port), tcp_peer(http("401 No", ""), "127.77.0.3", 80):
            return await search(plan(["lo"], ["127.77.0.0/29"]), SystemClock())

    discovery = asyncio.run(main())
    assert discovery.devices == ()
    assert discovery.rtsp_only == (RtspOnly("127.77.0.3", (port,), "Dahua Rtsp Server", onvif_login=80),)


@pytest.mark.parametrize("path", ONVIF_PATHS[1:])
def test_onvif_under_another_path_is_found_where_a_web_server_speaks(network: Network, path: str) -> None:
    # edgexfoundry/device-onvif-camera#195 (Axis), sr99622/libonvif#63
    async def main() -> Discovery:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            request = await reader.read(65536)
            answers = f"POST {path} ".encode() in request
            writer.write(http("200 OK", TIME_REPLY) if answers else http("404 Not Found", "<html/>"))
            writer.close()

        server = await asyncio.start_server(serve, "127.77.0.3", 8080)
        async with server:
            return await search(plan(["lo"], ["127.77.0.0/29"]), SystemClock())

    discovery = asyncio.run(main())
    assert [(str(t), t.path) for t in discovery.devices] == [("127.77.0.3:8080", path)]
    assert discovery.rtsp_only == ()


def test_a_web_page_is_no_camera(network: Network) -> None:
    async def main() -> Discovery:
        async with tcp_peer(http("200 OK", "<html>router</html>", "text/html"), "127.77.0.3", 80):
            return await search(plan(["lo"], ["127.77.0.0/29"]), SystemClock())

    discovery = asyncio.run(main())
    assert (discovery.devices, discovery.rtsp_only, discovery.addresses_answered) == ((), (), 6)


def test_a_slow_server_is_found_in_the_patient_pass(network: Network) -> None:
    # badbread/crumbvms: near-single-threaded firmware misses the scan's budget and vanishes
    async def main() -> Discovery:
        requests = 0

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal requests
            requests += 1
            await reader.read(65536)
            await asyncio.sleep(1.0)  # ten times what the first pass allows, a fifth of the second
            writer.write(http("200 OK", TIME_REPLY))
            writer.close()

        pacing = replace(QUICK, reply_s=0.1)
        async with await asyncio.start_server(serve, "127.77.0.3", 8080):
            discovery = await search(replace(plan(["lo"], ["127.77.0.0/29"]), pacing=pacing), SystemClock())
        assert requests == 2
        return discovery

    assert hosts(asyncio.run(main())) == ["127.77.0.3:8080"]


@pytest.mark.parametrize("how", ["hangs up", "resets", "503"])
def test_a_busy_server_that_turns_us_away_once_is_asked_again(network: Network, how: str) -> None:
    # simple firmware bears one or two connections and turns further ones away without a word
    async def main() -> Discovery:
        met: list[int] = []

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            met.append(1)
            await reader.read(65536)
            if len(met) > 1:
                writer.write(http("200 OK", TIME_REPLY))
            elif how == "503":
                writer.write(http("503 Service Unavailable", "", "text/html"))
            elif how == "resets":
                writer.transport.abort()
            writer.close()

        async with await asyncio.start_server(serve, "127.77.0.3", 8080):
            return await search(plan(["lo"], ["127.77.0.0/29"]), SystemClock())

    assert hosts(asyncio.run(main())) == ["127.77.0.3:8080"]


def test_a_port_whose_first_packets_were_lost_is_found_in_the_second_pass(network: Network) -> None:
    # open-nvr/open-nvr#235: a wedged router ate the first burst
    async def main() -> Discovery:
        loop = asyncio.get_running_loop()
        door = socket.create_server(("127.77.0.3", 8000), backlog=0)
        # a full queue: the kernel drops further SYNs without a word
        crowd = [socket.socket() for _ in range(4)]
        for visitor in crowd:
            visitor.setblocking(False)
            visitor.connect_ex(("127.77.0.3", 8000))
        async with AsyncExitStack() as stack:
            loop.call_later(2.0, lambda: loop.create_task(_open(door, crowd, stack)))
            pacing = replace(QUICK, connect_s=0.2)
            return await search(replace(plan(["lo"], ["127.77.0.0/29"]), pacing=pacing), SystemClock())

    async def _open(door: socket.socket, crowd: list[socket.socket], stack: AsyncExitStack) -> None:
        for visitor in crowd:
            visitor.close()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(65536)
            writer.write(http("200 OK", TIME_REPLY))
            writer.close()

        await stack.enter_async_context(await asyncio.start_server(serve, sock=door))

    assert hosts(asyncio.run(main())) == ["127.77.0.3:8000"]


def test_addresses_that_nobody_has_are_not_tried(network: Network, far_network: Network) -> None:
    # arendst/Tasmota#21794 and the like: no more connections than needed; ARP says who is there
    lan(network, far_network, 1)
    pacing = replace(QUICK, settle_s=1.0)

    async def main() -> Discovery:
        with far_network.inside():
            server = tcp_peer(http("200 OK", TIME_REPLY), "192.168.1.9", 8899)
            await server.__aenter__()
        wanted = replace(plan(["eth1"], ["192.168.1.0/28"]), pacing=pacing)
        return await search(wanted, SystemClock())

    discovery = asyncio.run(main())
    assert hosts(discovery) == ["192.168.1.9:8899"]
    assert discovery.addresses_answered == 2  # the camera and ourselves
    assert discovery.elapsed_s < 20  # twelve dead addresses at eleven ports, twice, take a minute


def test_an_address_that_is_there_and_says_nothing_is_named(network: Network, far_network: Network) -> None:
    lan(network, far_network, 1)
    far_network.run("route add blackhole 192.168.1.2/32")  # like a firewall: ARP is answered, nothing else is
    pacing = replace(QUICK, connect_s=0.1, patient_connect_s=5.0)
    discovery = run(replace(plan(["eth1"], ["192.168.1.8/30"]), pacing=pacing))
    assert (
        discovery.elapsed_s < 30
    )  # eleven patient questions to a firewall take 55 s: every Windows PC has one
    assert discovery.addresses_answered == 0
    assert "silent_neighbours:192.168.1.9" in map(str, discovery.notes)


def test_one_address_meets_one_connection_at_a_time(network: Network) -> None:
    # at most one socket: small stacks crash under parallel connections
    open_now, most, total = 0, 0, 0

    async def main() -> Discovery:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal open_now, most, total
            open_now, total = open_now + 1, total + 1
            most = max(most, open_now)
            await reader.read(65536)
            await asyncio.sleep(0.05)
            open_now -= 1
            writer.close()

        async with AsyncExitStack() as stack:
            for port in (80, 8000, 8080, 8899, 2020, 554, 8554, 5554):
                await stack.enter_async_context(await asyncio.start_server(serve, "127.77.0.3", port))
            return await search(plan(["lo"], ["127.77.0.3/32"]), SystemClock())

    asyncio.run(main())
    assert most == 1
    assert total == 2 * 8  # each port said nothing, and was asked once more


def test_a_spent_budget_is_stated_and_the_range_does_not_count_as_searched(network: Network) -> None:
    async def main() -> Discovery:
        pacing = replace(QUICK, budget_s=0.0)
        return await search(replace(plan(["lo"], ["127.77.0.0/29"]), pacing=pacing), SystemClock())

    discovery = asyncio.run(main())
    assert (discovery.subnets, discovery.subnets_asked) == ((), ("127.77.0.0/29",))
    assert "budget_spent" in codes(discovery)


def test_a_range_without_a_route_is_noted(network: Network) -> None:
    discovery = run(replace(plan(["lo"], ["192.168.77.0/30"]), pacing=QUICK))
    assert "no_route" in codes(discovery)
    assert discovery.addresses_answered == 0


def test_addresses_of_the_inventory_are_asked_besides(network: Network) -> None:
    answer = says(matches(match("http://127.88.0.5:8080/onvif/device_service")))
    discovery = run(
        plan(["lo"], addresses=["127.88.0.5", "127.88.0.6"]), Responder(answer, address="127.88.0.5")
    )
    assert hosts(discovery) == ["127.88.0.5:8080"]
    assert discovery.addresses_probed == 2


def test_progress_goes_forward_and_arrives(network: Network) -> None:
    events: list[tuple[str, int, int]] = []

    def progress(step: str, done: int, total: int) -> None:
        events.append((step, done, total))

    asyncio.run(search(plan(["lo"], ["127.77.0.0/30"]), SystemClock(), progress))
    for step in ("multicast", "directed", "ports"):
        steps = [(done, total) for name, done, total in events if name == step]
        assert steps == sorted(steps)
        assert steps[-1][0] == steps[-1][1]
