"""The simulated RTSP server byte by byte: its door, its refusals, and each thing that it is ordered to do
wrong."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from itertools import chain

import pytest

from camagent.simulator.bursts import Burst, BurstMaker, RtpIdentity, packetized
from camagent.simulator.clips import load_clip
from camagent.simulator.describe import Description
from camagent.simulator.doors import SimulatedDoor
from camagent.simulator.faults import StreamFaults
from camagent.simulator.live_clip import LiveSource
from camagent.simulator.rtsp_server import RtspServer
from camagent.simulator.rtsp_shared import Mount, RtspSettings
from camagent.simulator.self_signed import self_signed_context

WITHIN_S = 60.0
CLIP = "sub_360p_h264"
TCP = "RTP/AVP/TCP;unicast;interleaved=0-1"


@dataclass
class Client:
    """A client that knows just enough RTSP to ask and to take frames apart."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    url: str
    session: str = ""
    number: int = 0

    async def ask(self, method: str, **headers: str) -> tuple[int, dict[str, str], str]:
        self.number += 1
        url = f"{self.url}/trackID=1" if method == "SETUP" else self.url
        lines = [f"{method} {url} RTSP/1.0", f"CSeq: {self.number}"]
        lines += [f"Session: {self.session}"] if self.session else []
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        return await asyncio.wait_for(self._answer(), WITHIN_S)

    async def _answer(self) -> tuple[int, dict[str, str], str]:
        while (first := await self.reader.readexactly(1)) == b"$":
            await self._rest_of_packet()
        head = (first + await self.reader.readuntil(b"\r\n\r\n")).decode()
        status, *lines = head.split("\r\n")
        headers = {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)
        }
        body = await self.reader.readexactly(int(headers.get("content-length", 0)))
        if "session" in headers:
            self.session = headers["session"].partition(";")[0]
        return int(status.split()[1]), headers, body.decode()

    async def packet(self) -> tuple[int, bytes]:
        assert await asyncio.wait_for(self.reader.readexactly(1), WITHIN_S) == b"$"
        return await self._rest_of_packet()

    async def _rest_of_packet(self) -> tuple[int, bytes]:
        head = await self.reader.readexactly(3)
        return head[0], await self.reader.readexactly(int.from_bytes(head[1:], "big"))


def with_server(
    act: Callable[[Client], Awaitable[None]],
    faults: StreamFaults = StreamFaults(),  # noqa: B008  # frozen
    settings: RtspSettings = RtspSettings("127.0.0.1", 0),  # noqa: B008  # frozen
    clip: str = CLIP,
) -> None:
    async def run() -> None:
        source = LiveSource(BurstMaker(packetized(clip), RtpIdentity(99, 65_530, 1000)))
        server = RtspServer(settings, {"/live": Mount(source, Description(load_clip(clip)), faults)})
        await server.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        try:
            await act(Client(reader, writer, f"rtsp://127.0.0.1:{server.port}/live"))
        finally:
            writer.close()
            await server.close()

    asyncio.run(run())


async def played(client: Client) -> None:
    assert (await client.ask("DESCRIBE"))[0] == 200
    assert (await client.ask("SETUP", Transport=TCP))[0] == 200
    status, headers, _ = await client.ask("PLAY")
    assert status == 200
    assert "rtptime=" in headers["rtp-info"]


def test_options_name_the_methods_without_a_log_in() -> None:
    async def act(client: Client) -> None:
        status, headers, _ = await client.ask("OPTIONS")
        assert status == 200
        assert "GET_PARAMETER" in headers["public"]

    with_server(act, settings=RtspSettings("127.0.0.1", 0, SimulatedDoor("a", "b")))


def test_packets_follow_rtp_info_without_a_gap_over_the_wrap() -> None:
    async def act(client: Client) -> None:
        await client.ask("SETUP", Transport=TCP)
        _, headers, _ = await client.ask("PLAY")
        first = int(headers["rtp-info"].partition("seq=")[2].partition(";")[0])
        sequence: list[int] = []
        while len(sequence) < 30:
            channel, packet = await client.packet()
            if channel == 0:
                sequence.append(int.from_bytes(packet[2:4], "big"))
        assert sequence == [(first + number) & 0xFFFF for number in range(30)]

    with_server(act)


def test_a_sender_report_comes_with_the_first_frames() -> None:
    async def act(client: Client) -> None:
        await played(client)
        channel = -1
        while channel != 1:
            channel, packet = await client.packet()
        assert packet[1] == 200
        assert int.from_bytes(packet[4:8], "big") == 99

    with_server(act)


def test_no_log_in_gets_a_challenge_for_each_scheme_and_no_description() -> None:
    async def act(client: Client) -> None:
        status, headers, body = await client.ask("DESCRIBE")
        assert (status, body) == (401, "")
        assert "SHA-256" in headers["www-authenticate"]

    with_server(act, settings=RtspSettings("127.0.0.1", 0, SimulatedDoor("a", "b", ("digest-sha-256",))))


@pytest.mark.parametrize(
    ("method", "status"), [("DESCRIBE", 503), ("SETUP", 453), ("PLAY", 500), ("DESCRIBE", 404)]
)
def test_a_refusal_on_order_comes_at_its_method(method: str, status: int) -> None:
    async def act(client: Client) -> None:
        for step, headers in (("DESCRIBE", {}), ("SETUP", {"Transport": TCP}), ("PLAY", {})):
            answer = (await client.ask(step, **headers))[0]
            assert answer == (status if step == method else 200)
            if step == method:
                return

    with_server(act, StreamFaults(refuse=((method, status),)))


def test_a_refusal_may_end_after_so_many_times() -> None:
    async def act(client: Client) -> None:
        assert [(await client.ask("DESCRIBE"))[0] for _ in range(3)] == [503, 503, 200]

    with_server(act, StreamFaults(refuse=(("DESCRIBE", 503),), refusals=2))


def test_the_session_beyond_the_limit_is_refused_and_the_first_one_plays_on() -> None:
    async def act(client: Client) -> None:
        await played(client)
        port = int(client.url.split(":")[2].split("/")[0])
        second = Client(*await asyncio.open_connection("127.0.0.1", port), client.url)
        assert (await second.ask("SETUP", Transport=TCP))[0] == 453
        second.writer.close()
        await client.packet()

    with_server(act, StreamFaults(max_sessions=1))


@pytest.mark.parametrize(
    ("faults", "wanted", "status"),
    [
        (StreamFaults(tcp_refused=True), TCP, 461),
        (StreamFaults(udp_refused=True), "RTP/AVP;unicast;client_port=5000-5001", 461),
        (StreamFaults(udp_refused=True), f"RTP/AVP;unicast;client_port=5000-5001,{TCP}", 200),
        (StreamFaults(), "RTP/AVP;multicast", 461),
        (StreamFaults(), "RTP/AVP/TCP;unicast;interleaved=255-256", 461),
        (StreamFaults(), "RTP/AVP;unicast;client_port=65535-65536", 461),
        (StreamFaults(), "RTP/AVP;unicast;client_port=0-1", 461),
    ],
)
def test_transports_are_refused_one_by_one(faults: StreamFaults, wanted: str, status: int) -> None:
    async def act(client: Client) -> None:
        assert (await client.ask("SETUP", Transport=wanted))[0] == status

    with_server(act, faults)


def test_an_unknown_path_is_not_found_and_an_unknown_session_neither() -> None:
    async def act(client: Client) -> None:
        await client.ask("SETUP", Transport=TCP)
        client.session = "DEADBEEF"
        assert (await client.ask("PLAY"))[0] == 454
        client.url += "/other"
        assert (await client.ask("DESCRIBE"))[0] == 404

    with_server(act)


@pytest.mark.parametrize("method", ["CONNECT", "DESCRIBE"])
def test_a_silent_server_never_answers(method: str) -> None:
    async def act(client: Client) -> None:
        client.writer.write(f"DESCRIBE {client.url} RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode())
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.reader.readexactly(1), 0.2)

    with_server(act, StreamFaults(silent_at=method))


def test_garbage_is_no_rtsp() -> None:
    async def act(client: Client) -> None:
        client.writer.write(f"DESCRIBE {client.url} RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode())
        assert not (await asyncio.wait_for(client.reader.read(100), WITHIN_S)).startswith(b"RTSP")

    with_server(act, StreamFaults(garbage_at="DESCRIBE"))


def test_a_session_without_packets_stays_open_and_empty() -> None:
    async def act(client: Client) -> None:
        await played(client)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.reader.readexactly(1), 0.3)
        assert (await client.ask("GET_PARAMETER"))[0] == 200

    with_server(act, StreamFaults(no_rtp=True))


@pytest.mark.parametrize("reset", [False, True])
def test_a_connection_is_closed_on_order_with_fin_or_rst(reset: bool) -> None:
    async def act(client: Client) -> None:
        await played(client)
        ending: type[Exception] | None = None
        try:
            while await asyncio.wait_for(client.reader.read(65_536), WITHIN_S):
                pass
        except ConnectionResetError as error:
            ending = type(error)
        assert ending is (ConnectionResetError if reset else None)

    with_server(act, StreamFaults(close_after_s=0.2, close_with_reset=reset))


def test_a_stalled_stream_keeps_its_connection() -> None:
    async def act(client: Client) -> None:
        await played(client)
        with pytest.raises(TimeoutError):
            while await asyncio.wait_for(client.reader.read(65_536), 0.5):
                pass
        assert (await client.ask("OPTIONS"))[0] == 200

    with_server(act, StreamFaults(stall_after_s=0.2))


async def sequence_of(client: Client, packets: int) -> list[tuple[int, int]]:
    """(sequence number, time stamp) of so many packets."""
    await played(client)
    counts: list[tuple[int, int]] = []
    while len(counts) < packets:
        channel, packet = await client.packet()
        if channel == 0:
            counts.append((int.from_bytes(packet[2:4], "big"), int.from_bytes(packet[4:8], "big")))
    return counts


def test_dropped_packets_leave_gaps() -> None:
    async def act(client: Client) -> None:
        numbers = [number for number, _ in await sequence_of(client, 40)]
        steps = [(later - earlier) & 0xFFFF for earlier, later in zip(numbers, numbers[1:], strict=False)]
        assert min(steps) == 1 and max(steps) > 1

    with_server(act, StreamFaults(drop_ratio=0.3), clip="main_1080p_h264")


def test_frozen_time_stamps_never_move() -> None:
    async def act(client: Client) -> None:
        assert len({stamp for _, stamp in await sequence_of(client, 20)}) == 1

    with_server(act, StreamFaults(frozen_timestamps=True))


def test_a_paced_frame_goes_out_in_several_sends_and_whole() -> None:
    class Notebook:
        def __init__(self) -> None:
            self.parts: list[Burst] = []

        def send(self, burst: Burst) -> None:
            self.parts.append(burst)

    async def run() -> list[Burst]:
        clip = packetized("load_1080p_h264")
        source, notebook = LiveSource(BurstMaker(clip, RtpIdentity(1, 0, 0)), paced=True), Notebook()
        source.join(notebook)
        loop = asyncio.get_running_loop()
        end_s = loop.time() + WITHIN_S
        while len({part.timestamp for part in notebook.parts}) < 4 and loop.time() < end_s:
            await asyncio.sleep(0.02)
        source.leave(notebook)
        return notebook.parts

    parts = asyncio.run(run())
    numbers = list(
        chain.from_iterable((int.from_bytes(p[2:4], "big") for p in part.packets()) for part in parts)
    )
    stamps = [part.timestamp for part in parts]
    assert sorted(numbers) == list(range(min(numbers), min(numbers) + len(numbers)))
    assert max(stamps.count(stamp) for stamp in stamps) > 3


def test_a_client_that_gives_no_sign_of_life_is_dropped() -> None:
    async def act(client: Client) -> None:
        await played(client)
        while await asyncio.wait_for(client.reader.read(65_536), WITHIN_S):
            pass

    with_server(act, settings=RtspSettings("127.0.0.1", 0, session_timeout_s=1))


def test_udp_packets_come_from_the_even_port_that_was_named() -> None:
    async def act(client: Client) -> None:
        loop = asyncio.get_running_loop()
        packets: asyncio.Queue[tuple[bytes, tuple[str, int]]] = asyncio.Queue()

        class Receiver(asyncio.DatagramProtocol):
            def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
                packets.put_nowait((data, addr))

        transport, _ = await loop.create_datagram_endpoint(Receiver, local_addr=("127.0.0.1", 0))
        port = transport.get_extra_info("sockname")[1]
        _, headers, _ = await client.ask("SETUP", Transport=f"RTP/AVP;unicast;client_port={port}-{port + 1}")
        server_port = int(headers["transport"].partition("server_port=")[2].partition("-")[0])
        await client.ask("PLAY")
        data, sender = await asyncio.wait_for(packets.get(), WITHIN_S)
        transport.close()
        assert (server_port % 2, sender[1], data[0]) == (0, server_port, 0x80)

    with_server(act)


def test_a_request_without_an_end_is_not_kept_for_ever() -> None:
    async def act(client: Client) -> None:
        client.writer.write(b"DESCRIBE " + b"x" * 40_000)
        assert await asyncio.wait_for(client.reader.read(), WITHIN_S) == b""

    with_server(act)


def test_no_rtsp_gets_a_bad_request() -> None:
    async def act(client: Client) -> None:
        client.writer.write(b"GET / HTTP/1.1\r\n\r\n")
        assert (await asyncio.wait_for(client.reader.readline(), WITHIN_S)).startswith(b"RTSP/1.0 400")

    with_server(act)


def test_the_same_server_speaks_tls() -> None:
    async def run() -> int:
        source = LiveSource(BurstMaker(packetized(CLIP), RtpIdentity(1, 1, 1)))
        settings = RtspSettings("127.0.0.1", 0, tls=self_signed_context("127.0.0.1"))
        server = RtspServer(settings, {"/live": Mount(source, Description(load_clip(CLIP)))})
        await server.start()
        trusting = ssl.create_default_context()
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=trusting)
        client = Client(reader, writer, f"rtsps://127.0.0.1:{server.port}/live")
        await played(client)
        channel, _ = await client.packet()
        writer.close()
        await server.close()
        return channel

    assert asyncio.run(run()) in (0, 1)


def test_the_description_may_be_another_clips() -> None:
    other = replace(Description(load_clip("main_1080p_h264")), frame_rate_hz=25.0, other_tracks=("audio",))

    async def run() -> None:
        source = LiveSource(BurstMaker(packetized(CLIP), RtpIdentity(1, 1, 1)))
        server = RtspServer(RtspSettings("127.0.0.1", 0), {"/live": Mount(source, other)})
        await server.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        _, headers, body = await Client(reader, writer, f"rtsp://127.0.0.1:{server.port}/live").ask(
            "DESCRIBE"
        )
        writer.close()
        await server.close()
        assert "a=x-dimensions:1920,1080" in body
        assert "a=framerate:25" in body
        assert body.index("m=audio") < body.index("m=video")
        assert headers["content-base"].endswith("/live/")

    asyncio.run(run())
