"""Devices that deviate in exactly one way each, and what must still be read from them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from aiohttp import web

from camagent.interrogate.interview import InterviewDoors, InterviewOptions, interrogate
from camagent.interrogate.question_line import MAX_FORM_TRIALS
from camagent.model.device import DeviceClock, DeviceFacts, DeviceTarget, EncoderSettings, MediaFacts
from camagent.model.fault import Fault, FaultCode
from camagent.model.uri import StreamUri
from camagent.platform.system_clock import SystemClock
from camagent.wire.login_ledger import LoginLedger
from tests.fakes import FakeClock
from tests.interrogate.fake_device import (
    LOGIN,
    MEDIA1,
    MEDIA1_OPTIONS,
    MEDIA2,
    PLAIN,
    Asked,
    FakeDevice,
    clock_reply,
    envelope,
    media1_profiles,
    media2_profiles,
    media2_row,
    pass_on,
    read_post,
    serving,
    soap_fault,
)
from tests.interrogate.test_interview import FAST, interview

DEVICE_NS = "http://www.onvif.org/ver10/device/wsdl"
INFORMATION = PLAIN["GetDeviceInformation"]
BODY_TAGS = ("<SOAP-ENV:Body>", "</SOAP-ENV:Body>")


def opened(**answers: Any) -> FakeDevice:
    return FakeDevice(login="none", answers=answers)


def media(facts: DeviceFacts) -> MediaFacts:
    assert isinstance(facts.media, MediaFacts)
    return facts.media


def encoder(facts: DeviceFacts, index: int = 0) -> EncoderSettings:
    settings = media(facts).profiles[index].encoder
    assert isinstance(settings, EncoderSettings)
    return settings


# --- XML as devices write it
# -------------------------------------------------------------------------------------

BROKEN = {
    "undeclared prefix (mvantellingen/python-zeep#1205)": INFORMATION.replace(
        "<tds:Model>", "<ter9:Model>"
    ).replace("</tds:Model>", "</ter9:Model>"),
    "unquoted attribute": INFORMATION.replace("<tds:Model>", "<tds:Model kind=4>"),
    "mismatched tag": INFORMATION.replace("</tds:HardwareId>", "</tds:Hardware>"),
    "space in a namespace (SUNBA.405)": INFORMATION.replace(
        "http://www.onvif.org/ver10/error", "htt p://www.onvif.org"
    ),
    "content after the end": INFORMATION + "<extra/>",
    "truncated": INFORMATION[: INFORMATION.index("</tds:GetDeviceInformationResponse>")],
    "latin-1 byte in UTF-8": INFORMATION.encode().replace(b"Acme", b"Acm\xe9"),
}
WELL_FORMED_INSIDE = ("space in a namespace (SUNBA.405)", "content after the end")
UNUSUAL = {
    "SOAP 1.1 (mvantellingen/python-zeep#126)": INFORMATION.replace(
        "http://www.w3.org/2003/05/soap-envelope", "http://schemas.xmlsoap.org/soap/envelope/"
    ),
    "odd capitals": INFORMATION.replace("SOAP-ENV:Envelope", "SOAP-ENV:ENVELOPE").replace(
        "SOAP-ENV:Body", "SOAP-ENV:body"
    ),
    "byte order mark": b"\xef\xbb\xbf" + INFORMATION.encode(),
    "UTF-16": INFORMATION.replace("UTF-8", "UTF-16").encode("utf-16"),
    "text before the document": "\r\n\r\n" + INFORMATION,
    "unknown element": INFORMATION.replace("<tds:Model>", "<x>1</x><tds:Model>"),
    "another child namespace": INFORMATION.replace("tds:Model", "tt:Model"),
    "comment and processing instruction": INFORMATION.replace("<tds:Model>", "<!-- a --><?b c?><tds:Model>"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_xml_is_recovered_and_marked(name: str) -> None:
    facts = interview(opened(GetDeviceInformation=BROKEN[name]))
    assert facts.information.model == "C-4" and facts.information.serial == "AC00017", facts.information  # type: ignore[union-attr]
    assert facts.recovered == (() if name in WELL_FORMED_INSIDE else ("GetDeviceInformation",))


@pytest.mark.parametrize("name", UNUSUAL)
def test_unusual_xml_is_simply_read(name: str) -> None:
    facts = interview(opened(GetDeviceInformation=UNUSUAL[name]))
    assert facts.information.model == "C-4" and facts.recovered == ()  # type: ignore[union-attr]


def test_a_document_with_entities_is_not_expanded() -> None:
    bomb = '<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;">]>'
    body = INFORMATION.replace("?>", f"?>{bomb}", 1).replace("C-4", "&y;")
    facts = interview(opened(GetDeviceInformation=body))
    assert facts.information.code is FaultCode.MALFORMED_REPLY  # type: ignore[union-attr]


def test_elements_in_another_order_and_floats_in_integer_fields_are_read() -> None:
    shuffled = (
        '<tt:VideoEncoderConfiguration token="E"><tt:H264><tt:H264Profile>High</tt:H264Profile>'
        "<tt:GovLength>25.0"
        "</tt:GovLength></tt:H264><tt:RateControl><tt:BitrateLimit>2048.0</tt:BitrateLimit><tt:FrameRateLimit>25.0"
        "</tt:FrameRateLimit></tt:RateControl><tt:Resolution><tt:Height>1080</tt:Height><tt:Width>1920</tt:Width>"
        "</tt:Resolution><tt:Encoding>H264</tt:Encoding></tt:VideoEncoderConfiguration>"
    )
    device = FakeDevice(
        login="none", services=(DEVICE_NS, MEDIA1), answers={"GetProfiles": media1_profiles(shuffled)}
    )
    settings = encoder(interview(device))
    assert (settings.width_px, settings.height_px, settings.frame_rate_hz) == (1920, 1080, 25.0)
    assert (settings.gop_length_frames, settings.bitrate_bps, settings.codec_profile) == (
        25,
        2_048_000,
        "High",
    )


# --- what is not SOAP
# --------------------------------------------------------------------------------------------


def page(status: int, body: bytes = b"<!DOCTYPE html><html><body>login</body></html>") -> web.Response:
    return web.Response(status=status, body=body, content_type="text/html")


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, b"<!DOCTYPE html><html><body>x</body></html>", FaultCode.NOT_ONVIF),
        (404, b"<html>not here</html>", FaultCode.NOT_FOUND),
        (200, b"", FaultCode.MALFORMED_REPLY),
        (200, b"OK", FaultCode.MALFORMED_REPLY),
        (200, b"\x00\xff" * 400, FaultCode.MALFORMED_REPLY),
        (200, b'{"error": 1}', FaultCode.MALFORMED_REPLY),
        (503, b"busy", FaultCode.BUSY),
        (200, envelope("").encode(), FaultCode.MALFORMED_REPLY),
        (200, envelope("<tds:SomethingElseResponse/>").encode(), FaultCode.MALFORMED_REPLY),
    ],
)
def test_a_page_that_is_not_soap_is_classified(status: int, body: bytes, expected: FaultCode) -> None:
    """ZoneMinder/zoneminder#1588; home-assistant/core#119024."""
    facts = interview(FakeDevice(before=lambda d, a: page(status, body)))
    assert facts.clock.code is expected  # type: ignore[union-attr]
    assert facts.media.code is expected or expected is FaultCode.BUSY  # type: ignore[union-attr]


def test_a_web_page_in_the_middle_prevents_its_own_section_only() -> None:
    facts = interview(FakeDevice(answers={"GetScopes": page(200)}))
    assert facts.scopes.code is FaultCode.NOT_ONVIF and media(facts).profiles  # type: ignore[union-attr]


@pytest.mark.parametrize("status", [200, 400, 500])
def test_a_fault_is_a_fault_whatever_the_status(status: int) -> None:
    device = FakeDevice(fault_status=status, answers={"GetNTP": soap_fault("ActionNotSupported")})
    facts = interview(device)
    assert facts.network.ntp_servers is None and facts.login.scheme == "wsse-device-time"  # type: ignore[union-attr]
    assert (FaultCode.UNSUPPORTED, "GetNTP", status) in [(f.code, f.doing, f.status) for f in facts.faults]


def test_a_soap_1_1_fault_is_understood() -> None:
    body = (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><e:Fault><faultcode>e:Client</faultcode>'
        "<faultstring>Method 'tds:GetNTP' not implemented: method name or namespace not "
        "recognized</faultstring>"
        "</e:Fault></e:Body></e:Envelope>"
    )
    facts = interview(opened(GetNTP=body))
    assert [f.code for f in facts.faults] == [FaultCode.UNSUPPORTED]


# --- connection
# --------------------------------------------------------------------------------------------------


def test_a_device_that_closes_after_every_reply_is_read() -> None:
    """openvideolibs/python-onvif-zeep-async PR #140: no Connection: close, just FIN."""
    facts = interview(FakeDevice(login="none", before=_closing))
    assert media(facts).profiles and facts.faults == ()


def _closing(device: FakeDevice, asked: Asked) -> web.Response:
    body = device.answer(asked)
    response = web.Response(body=str(body).encode(), content_type="application/soap+xml")
    response.force_close()
    return response


@pytest.mark.parametrize("when", ["after a reply", "upon the next question"])
@pytest.mark.parametrize("how", ["FIN", "RST"])
def test_a_kept_connection_that_turns_out_to_be_closed_costs_no_question(when: str, how: str) -> None:
    """home-assistant/core#128809: embedded servers end a connection as they please, half of them by RST."""
    device = FakeDevice(login="none", named_host="192.0.2.9")  # XAddrs of another host are asked at ours

    async def one_reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            await pass_on(await read_post(reader), device.port, writer)
            if when == "upon the next question":
                await read_post(reader)
            else:
                await asyncio.sleep(0.02)
        if how == "RST":
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.close()

    async def run() -> DeviceFacts:
        async with serving(device):
            server = await asyncio.start_server(one_reply, "127.0.0.1", 0)
            target = DeviceTarget("127.0.0.1", server.sockets[0].getsockname()[1])
            try:
                return await interrogate(target, LOGIN, FAST, InterviewDoors(SystemClock(), LoginLedger()))
            finally:
                server.close()

    facts = asyncio.run(run())
    assert facts.faults == () and len(media(facts).profiles) == 2


class RawPeer:
    """Says exactly these bytes to whoever connects, then does what it is told."""

    def __init__(self, reply: bytes, then: str = "close") -> None:
        self.reply, self.then, self.connections = reply, then, 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        await reader.read(100)
        writer.write(self.reply)
        if self.then == "close":
            writer.close()
        else:
            await asyncio.sleep(60)

    def interviewed(self, **options: Any) -> DeviceFacts:
        async def run() -> DeviceFacts:
            server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
            port = server.sockets[0].getsockname()[1]
            try:
                asked = replace(FAST, **options)
                doors = InterviewDoors(SystemClock(), LoginLedger())
                return await interrogate(DeviceTarget("127.0.0.1", port), LOGIN, asked, doors)
            finally:
                server.close()

        return asyncio.run(run())


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (b"", FaultCode.MALFORMED_REPLY),
        (b"RTSP/1.0 400 Bad Request\r\n\r\n", FaultCode.NOT_ONVIF),
        (b"SSH-2.0-dropbear\r\n", FaultCode.NOT_ONVIF),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n<html>", FaultCode.MALFORMED_REPLY),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n" + b" " * 3_000_000,
            FaultCode.MALFORMED_REPLY,
        ),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 40_000, FaultCode.NOT_ONVIF),
    ],
)
def test_bytes_that_are_no_reply_become_a_fault(reply: bytes, expected: FaultCode) -> None:
    facts = RawPeer(reply).interviewed()
    assert facts.clock.code is expected and facts.information == facts.clock  # type: ignore[union-attr]


def test_a_silent_peer_becomes_a_timeout_within_its_budget() -> None:
    """FalkTannhaeuser/python-onvif-zeep#60: such calls hung for ever."""
    facts = RawPeer(b"", then="silence").interviewed(call_timeout_s=0.3)
    assert facts.clock.code is FaultCode.TIMEOUT and facts.clock.elapsed_s < 6.0  # type: ignore[union-attr]


def test_a_peer_that_drips_is_cut_off() -> None:
    facts = RawPeer(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n<", then="silence").interviewed(
        call_timeout_s=0.3
    )
    assert facts.clock.code is FaultCode.TIMEOUT  # type: ignore[union-attr]


def test_a_too_large_content_length_loses_nothing() -> None:
    from datetime import UTC, datetime

    body = clock_reply(datetime.now(UTC)).encode()
    reply = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (len(body) + 9) + body
    assert isinstance(RawPeer(reply).interviewed().clock, DeviceClock)


def test_a_closed_port_is_refused() -> None:
    async def run() -> DeviceFacts:
        server = await asyncio.start_server(lambda r, w: None, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        server.close()
        await server.wait_closed()
        return await interrogate(
            DeviceTarget("127.0.0.1", port), LOGIN, FAST, InterviewDoors(SystemClock(), LoginLedger())
        )

    assert asyncio.run(run()).clock.code is FaultCode.REFUSED  # type: ignore[union-attr]


def test_a_device_that_falls_silent_is_not_waited_for_question_by_question() -> None:
    async def run() -> tuple[int, DeviceFacts]:
        gate = asyncio.Event()
        device = FakeDevice(login="none")
        plain = device.serve

        async def serve(request: web.Request) -> web.Response:
            if len(device.asked) >= 4:
                device.asked.append(device.asked[-1])
                await gate.wait()
            return await plain(request)

        device.serve = serve  # type: ignore[method-assign]
        async with serving(device):
            options = replace(FAST, call_timeout_s=0.2)
            facts = await interrogate(
                device.target, LOGIN, options, InterviewDoors(SystemClock(), LoginLedger())
            )
            asked = len(device.asked)
            gate.set()
        return asked, facts

    asked, facts = asyncio.run(run())
    assert asked == 4 + 3 and facts.scopes.code is FaultCode.TIMEOUT  # type: ignore[union-attr]


def test_when_time_runs_out_the_rest_is_not_known() -> None:
    facts = interview(FakeDevice(login="none"), options=replace(FAST, budget_s=1.0, max_requests_per_s=5.0))
    assert isinstance(facts.clock, DeviceClock) and facts.scopes.code is FaultCode.BUDGET_SPENT  # type: ignore[union-attr]


def test_every_port_of_the_ladder_is_tried_until_one_speaks_onvif() -> None:
    async def run() -> tuple[FakeDevice, DeviceFacts]:
        web_only = FakeDevice(before=lambda d, a: page(404))
        device = FakeDevice()
        async with serving(web_only), serving(device):
            options = replace(FAST, ports=(9, web_only.port, device.port))
            doors = InterviewDoors(SystemClock(), LoginLedger())
            return device, await interrogate(DeviceTarget("127.0.0.1"), LOGIN, options, doors)

    device, facts = asyncio.run(run())
    assert (
        facts.service_url == f"http://127.0.0.1:{device.port}/onvif/device_service" and media(facts).profiles
    )


def test_an_xaddr_names_port_and_path_but_never_the_host() -> None:
    async def run() -> tuple[FakeDevice, DeviceFacts]:
        device = FakeDevice()
        async with serving(device):
            xaddrs = (f"http://192.0.2.99:{device.port}/other/onvif", "htt p://[bad", "http://x:99999/")
            target = DeviceTarget("127.0.0.1", xaddrs=xaddrs)
            return device, await interrogate(
                target, LOGIN, FAST, InterviewDoors(SystemClock(), LoginLedger())
            )

    device, facts = asyncio.run(run())
    assert (
        facts.service_url == f"http://127.0.0.1:{device.port}/other/onvif"
        and device.asked[0].path == "/other/onvif"
    )


@pytest.mark.parametrize("path", ["/onvif/services", "/onvif/service"])
def test_a_service_under_another_path_is_found(path: str) -> None:
    """sr99622/libonvif#63: the usual path is a 404."""
    device = FakeDevice(before=lambda d, a: "" if a.path in (path, "/onvif/s0", "/onvif/s1") else page(404))
    device.services = (DEVICE_NS, MEDIA1)
    facts = interview(device)
    assert facts.service_url.endswith(path) and media(facts).profiles


def test_a_web_server_without_onvif_is_asked_for_few_paths() -> None:
    device = FakeDevice(before=lambda d, a: page(404))
    assert interview(device).clock.code is FaultCode.NOT_FOUND and len(device.asked) == 6  # type: ignore[union-attr]


def test_a_port_that_swallows_the_syn_is_not_the_end_of_the_ladder() -> None:
    """open-nvr/open-nvr#301: a forwarded port 8000 and a router that drops everything else."""
    # its queue is full: a further SYN gets no answer
    full = socket.create_server(("127.0.0.1", 0), backlog=0)
    port = full.getsockname()[1]
    waiting = [socket.socket() for _ in range(4)]
    for one in waiting:
        one.setblocking(False)
        one.connect_ex(("127.0.0.1", port))

    async def run() -> tuple[FakeDevice, DeviceFacts]:
        device = FakeDevice()
        async with serving(device):
            options = replace(FAST, ports=(port, device.port))
            doors = InterviewDoors(SystemClock(), LoginLedger())
            return device, await interrogate(DeviceTarget("127.0.0.1"), LOGIN, options, doors)

    device, facts = asyncio.run(run())
    for one in (*waiting, full):
        one.close()
    assert (
        facts.service_url == f"http://127.0.0.1:{device.port}/onvif/device_service" and media(facts).profiles
    )


def test_of_several_xaddrs_the_open_one_is_used() -> None:
    """agsh/onvif#63 (Bosch names http and https): the first one is closed, the second one answers."""

    async def run() -> tuple[FakeDevice, DeviceFacts]:
        device = FakeDevice()
        async with serving(device):
            xaddrs = (
                "http://127.0.0.1:9/onvif/device_service",
                f"http://127.0.0.1:{device.port}/onvif/device_service",
            )
            target = DeviceTarget("127.0.0.1", 9, xaddrs=xaddrs)
            return device, await interrogate(
                target, LOGIN, FAST, InterviewDoors(SystemClock(), LoginLedger())
            )

    device, facts = asyncio.run(run())
    assert (
        facts.service_url == f"http://127.0.0.1:{device.port}/onvif/device_service" and media(facts).profiles
    )


def test_a_port_that_was_named_is_the_only_one_where_nothing_else_was_announced() -> None:
    """Behind a router's forwards the next port is another camera."""
    from camagent.interrogate.service_urls import candidate_urls

    assert candidate_urls(DeviceTarget("10.0.0.5", 8001), (80, 8000)) == (
        "http://10.0.0.5:8001/onvif/device_service",
    )
    announced = DeviceTarget("10.0.0.5", 8001, xaddrs=("http://10.0.0.5:8001/onvif/device_service",))
    assert candidate_urls(announced, (80, 8000)) == candidate_urls(DeviceTarget("10.0.0.5", 8001), (80,))


def test_a_port_of_another_network_does_not_end_the_ladder() -> None:
    """agsh/onvif#41: behind NAT a camera announces its outer address and the port forwarded there."""

    async def run() -> tuple[FakeDevice, DeviceFacts]:
        device = FakeDevice()
        async with serving(device):
            target = DeviceTarget("127.0.0.1", 9, xaddrs=("http://203.0.113.7:9/onvif/device_service",))
            doors = InterviewDoors(SystemClock(), LoginLedger())
            return device, await interrogate(target, LOGIN, replace(FAST, ports=(device.port,)), doors)

    device, facts = asyncio.run(run())
    assert (
        facts.service_url == f"http://127.0.0.1:{device.port}/onvif/device_service" and media(facts).profiles
    )


def test_a_reply_that_asks_for_addressing_gets_it() -> None:
    """home-assistant/core#45513 (XiongMai)."""

    def picky(device: FakeDevice, asked: Asked) -> web.Response | str:
        return "" if "addressing" in asked.text else web.Response(status=400)

    device = FakeDevice(before=picky)
    assert media(interview(device)).profiles
    assert sum("addressing" not in a.text for a in device.asked) == 1


def test_addressing_is_offered_once_to_a_device_that_just_says_400() -> None:
    def bad_request(device: FakeDevice, asked: Asked) -> web.Response | str:
        return "" if asked.operation == "GetSystemDateAndTime" else web.Response(status=400)

    device = FakeDevice(login="none", before=bad_request)
    interview(device)
    assert sum("addressing" in a.text for a in device.asked) <= 2 * MAX_FORM_TRIALS


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a..b", "bad host", "x" * 300])
def test_a_name_that_nobody_has_is_unreachable(host: str) -> None:
    doors = InterviewDoors(SystemClock(), LoginLedger())
    facts = asyncio.run(interrogate(DeviceTarget(host, 80), LOGIN, FAST, doors))
    assert facts.clock.code is FaultCode.UNREACHABLE  # type: ignore[union-attr]


# --- redirects and foreign hosts
# ---------------------------------------------------------------------------------


def test_a_redirect_within_the_device_is_followed_once() -> None:
    def move(device: FakeDevice, asked: Asked) -> web.Response | str:
        return "" if asked.path == "/new" else web.Response(status=307, headers={"Location": "/new"})

    facts = interview(FakeDevice(before=move))
    assert isinstance(facts.clock, DeviceClock) and facts.service_url.endswith("/new")


@pytest.mark.parametrize(
    "location", ["http://192.0.2.7/onvif", "//192.0.2.7/", "http://admin@127.0.0.1/", "ftp://127.0.0.1/"]
)
def test_a_redirect_to_anywhere_else_is_refused(location: str) -> None:
    device = FakeDevice(before=lambda d, a: web.Response(status=302, headers={"Location": location}))
    facts = interview(device)
    assert facts.clock.code is FaultCode.REFUSED_BY_POLICY and not any(  # type: ignore[union-attr]
        a.authorization or a.wsse for a in device.asked
    )


def test_a_redirect_in_a_circle_ends() -> None:
    device = FakeDevice(before=lambda d, a: web.Response(status=302, headers={"Location": a.path + "x"}))
    facts = interview(device)
    assert facts.clock.code is FaultCode.NOT_ONVIF and len(device.asked) == 4  # type: ignore[union-attr]


@pytest.mark.parametrize("host", ["192.168.1.99", "127.0.1.1:81", "0.0.0.0", "cam.local:8000"])
def test_services_and_streams_are_asked_at_the_address_that_answered(host: str) -> None:
    """agsh/onvif#41, BigTonyTones/Tonys-Onvf-RTSP-Server#12: NAT, loop-back and factory addresses."""
    facts = interview(FakeDevice(named_host=host))
    profile = media(facts).profiles[0]
    assert str(profile.stream_uri).startswith("rtsp://127.0.0.1:8554/P1")
    assert all("//127.0.0.1:" in service.xaddr for service in facts.services)  # type: ignore[union-attr]


def test_a_wrong_service_list_is_believed_for_its_path_only() -> None:
    services = (
        f"<tds:GetServicesResponse><tds:Service><tds:Namespace>{MEDIA1}</tds:Namespace>"
        "<tds:XAddr>http://10.0.0.5/onvif/media http://127.0.0.1:{port}/m?x=1</tds:XAddr></tds:Service>"
        "</tds:GetServicesResponse>"
    )
    device = FakeDevice(
        answers={"GetServices": lambda d, a: envelope(services.replace("{port}", str(d.port)))}
    )
    facts = interview(device)
    assert facts.services[0].xaddr == f"http://127.0.0.1:{device.port}/m?x=1" and media(facts).profiles  # type: ignore[index]


# --- media
# -------------------------------------------------------------------------------------------------------


def test_a_device_without_media1_is_read() -> None:
    """Jazea/Onvif.Core#43."""
    facts = interview(FakeDevice(services=(DEVICE_NS, MEDIA2)))
    assert media(facts).service == "media2"


def test_media2_beats_an_empty_media1() -> None:
    """futomi/node-onvif#78: Dahua leaves the encoder out of Media1 for H.265."""
    empty = "<tt:VideoEncoderConfiguration/>"
    facts = interview(FakeDevice(answers={f"{MEDIA1}#GetProfiles": media1_profiles(empty)}))
    assert encoder(facts).codec == "h265"


@pytest.mark.parametrize("answer", [soap_fault("ActionNotSupported"), page(500, b"crash"), b""])
def test_media1_serves_where_media2_is_listed_but_broken(answer: Any) -> None:
    facts = interview(FakeDevice(answers={f"{MEDIA2}#GetProfiles": answer}))
    assert media(facts).service == "media1" and encoder(facts).codec == "h264"
    assert media(facts).profiles[0].options[0].bitrate_range_bps.high == 8_192_000  # type: ignore[index, union-attr]


def test_channels_that_media2_leaves_out_are_taken_from_media1() -> None:
    """agsh/onvif#328: one service shows the first channel only; eleven cameras must not be lost to it."""

    def media1_row(i: int) -> str:
        text = media1_profiles(token=f"M{i}").replace(">VS1<", f">VS{i}<").replace('"E1"', f'"F{i}"')
        return text.partition("<trt:GetProfilesResponse>")[2].partition("</trt:GetProfilesResponse>")[0]

    rows = "".join(media1_row(i) for i in range(1, 13))
    listing = envelope(f"<trt:GetProfilesResponse>{rows}</trt:GetProfilesResponse>")
    device = FakeDevice(answers={f"{MEDIA1}#GetProfiles": listing})
    facts = media(interview(device))
    assert sorted({p.video_source for p in facts.profiles}) == sorted(f"VS{i}" for i in range(1, 13))  # type: ignore[type-var]
    assert [p.token for p in facts.profiles][:3] == ["P1", "P2", "M2"] and "M1" not in {
        p.token for p in facts.profiles
    }
    assert all(not isinstance(p.stream_uri, Fault) for p in facts.profiles)
    asked = {(a.namespace, a.content) for a in device.asked if a.operation == "GetStreamUri"}
    assert {ns for ns, content in asked if ">M7<" in content} == {MEDIA1}
    assert facts.profiles[2].options[0].codec == "h264"  # type: ignore[index]


def test_sources_that_the_services_name_differently_are_not_two_cameras() -> None:
    listing = media1_profiles().replace(">VS1<", ">VideoSource_1<")
    facts = media(interview(FakeDevice(answers={f"{MEDIA1}#GetProfiles": listing})))
    assert {p.video_source for p in facts.profiles} == {"VS1"}


@pytest.mark.parametrize(
    "answer", [soap_fault("Action", "Action failed"), soap_fault("ActionNotSupported"), b""]
)
def test_a_stream_that_media2_does_not_give_is_asked_of_media1(answer: Any) -> None:
    facts = media(interview(FakeDevice(answers={f"{MEDIA2}#GetStreamUri": answer})))
    assert not isinstance(facts.profiles[0].stream_uri, Fault)  # P1, which both list
    assert isinstance(facts.profiles[1].stream_uri, Fault)  # P2, which only Media2 lists


def test_media2_that_fills_the_list_only_for_all_is_asked_for_all() -> None:
    def listing(device: FakeDevice, asked: Asked) -> str:
        bare = '<tr2:Profiles token="P1"><tr2:Name>a</tr2:Name><tr2:Configurations/></tr2:Profiles>'
        return media2_profiles() if "<Type>All</Type>" in asked.content else media2_profiles(bare)

    device = FakeDevice(answers={f"{MEDIA2}#GetProfiles": listing})
    assert encoder(interview(device)).codec == "h265"
    types = [a.content for a in device.asked if a.operation == "GetProfiles" and a.namespace == MEDIA2]
    assert "All" not in types[0]  # roleoroleo/onvif_simple_server crashed on it


def test_a_device_without_get_services_is_read_by_capabilities() -> None:
    capabilities = envelope(
        "<tds:GetCapabilitiesResponse><tds:Capabilities><tt:Media><tt:XAddr>http://127.0.0.1/onvif/m</tt:XAddr></tt:Media>"
        "<tt:Extension><tt:DeviceIO><tt:XAddr>http://127.0.0.1/io</tt:XAddr></tt:DeviceIO></tt:Extension>"
        "</tds:Capabilities></tds:GetCapabilitiesResponse>"
    )
    device = FakeDevice()
    device.answers = {
        "GetServices": soap_fault("ActionNotSupported"),
        "GetCapabilities": lambda d, a: capabilities.replace("127.0.0.1/", f"127.0.0.1:{d.port}/"),
    }
    facts = interview(device)
    assert len(facts.services) == 2 and media(facts).service == "media1"  # type: ignore[arg-type]


def test_a_device_without_any_service_list_is_asked_at_its_device_service() -> None:
    missing = soap_fault("ActionNotSupported")
    facts = interview(FakeDevice(answers={"GetServices": missing, "GetCapabilities": missing}))
    assert facts.services.code is FaultCode.UNSUPPORTED and len(media(facts).profiles) == 2  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("word", "codec"), [("H265", "h265"), ("JPEG", "mjpeg"), ("h.264", "h264"), ("SVAC3", "svac3")]
)
def test_an_encoding_outside_the_enumeration_is_kept(word: str, codec: str) -> None:
    """easy_onvif's ENP1A14-IR_25X says H265 in Media1."""
    body = (
        f'<tt:VideoEncoderConfiguration token="E"><tt:Encoding>{word}</tt:Encoding>'
        "</tt:VideoEncoderConfiguration>"
    )
    device = FakeDevice(services=(DEVICE_NS, MEDIA1), answers={"GetProfiles": media1_profiles(body)})
    settings = encoder(interview(device))
    assert settings.codec == codec and settings.width_px is None and settings.frame_rate_hz is None


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ("2147483647", None),
        ("0", None),
        ("-1", None),
        ("", None),
        ("4096", 4_096_000),
        ("4096000", 4_096_000),
        ("x", None),
    ],
)
def test_bit_rates_that_mean_nothing_are_not_numbers(limit: str, expected: int | None) -> None:
    """agsh/onvif#233: 2147483647 is "no limit"; some devices state bit/s."""
    rows = media2_row("P1", "VS1", "H264", (1920, 1080)).replace(">4096<", f">{limit}<")
    assert encoder(interview(opened(GetProfiles=media2_profiles(rows)))).bitrate_bps == expected


def test_a_recorder_shows_every_channel() -> None:
    """hammeraj/onvif fixture: 36 media profiles on 12 sources, a third of the encoders empty."""
    bare = "<tr2:VideoEncoder/>"
    rows = ""
    for source in range(12):
        for kind, size in enumerate(((1920, 1080), (704, 576), (0, 0))):
            row = media2_row(f"S{source}K{kind}", f"V{source}", "H264", size)
            rows += (
                row
                if kind < 2
                else row[: row.index("<tr2:VideoEncoder")] + bare + row[row.index("</tr2:Conf") :]
            )
    device = FakeDevice(
        answers={f"{MEDIA2}#GetProfiles": media2_profiles(rows)}, services=(DEVICE_NS, MEDIA2)
    )
    profiles = media(interview(device)).profiles
    assert len(profiles) == 36 and len({p.video_source for p in profiles}) == 12
    assert all(p.stream_uri is not None and not isinstance(p.stream_uri, Fault) for p in profiles)
    asked = [a.content for a in device.asked if a.operation == "GetStreamUri"]
    assert all("K0<" in content for content in asked[:12])  # the main streams first, should time run out


def test_a_recorder_has_time_for_all_its_channels() -> None:
    """128 media profiles at five requests a second need 51 s: a device with more than eight is asked as it
    answers."""
    rows = "".join(
        media2_row(f"S{n}K{kind}", f"V{n}", "H264", size)
        for n, (kind, size) in product(range(64), enumerate(TWO_SIZES))
    )
    device = opened(**{f"{MEDIA2}#GetProfiles": media2_profiles(rows)})
    clock = FakeClock()  # time passes by pacing alone
    facts = interview(device, options=InterviewOptions(), clock=clock)
    assert len(media(facts).profiles) == 128 and clock.elapsed_s < 30
    assert all(
        isinstance(p.stream_uri, StreamUri) and not isinstance(p.options, Fault)
        for p in media(facts).profiles
    )


TWO_SIZES = ((1920, 1080), (704, 576))


def test_profiles_beyond_the_bound_are_counted() -> None:
    rows = "".join(f'<tr2:Profiles token="T{i}"/>' for i in range(300))
    device = FakeDevice(
        login="none", answers={f"{MEDIA2}#GetProfiles": media2_profiles(rows)}, services=(DEVICE_NS, MEDIA2)
    )
    facts = interview(device)
    assert len(media(facts).profiles) == 256 and media(facts).truncated == 44


def test_one_bad_token_does_not_hide_the_others() -> None:
    """priore/SOAPEngine#185 (mcMediaProfile); ltoscano/ponvif#2 (a token with a space)."""

    def say(device: FakeDevice, asked: Asked) -> str:
        if "mcMedia" in asked.content:
            return soap_fault("NoProfile")
        assert "<ProfileToken>a &amp; b</ProfileToken>" in asked.content
        return envelope("<tr2:GetStreamUriResponse><tr2:Uri>rtsp://h/ab</tr2:Uri></tr2:GetStreamUriResponse>")

    rows = media2_row("mcMediaProfile", "V", "H264", (1, 1)) + media2_row("a &amp; b", "V", "H264", (1, 1))
    facts = interview(opened(GetProfiles=media2_profiles(rows), GetStreamUri=say))
    bad, good = media(facts).profiles
    assert bad.stream_uri.code is FaultCode.SOAP_FAULT and str(good.stream_uri) == "rtsp://127.0.0.1/ab"  # type: ignore[union-attr]


def test_media2_that_knows_another_protocol_word_is_asked_with_it() -> None:
    def say(device: FakeDevice, asked: Asked) -> str:
        if "<Protocol>RTSP</Protocol>" in asked.content:
            return soap_fault("InvalidArgVal")
        return envelope("<tr2:GetStreamUriResponse><tr2:Uri>rtsp://h/u</tr2:Uri></tr2:GetStreamUriResponse>")

    facts = interview(opened(**{f"{MEDIA2}#GetStreamUri": say}))
    assert str(media(facts).profiles[0].stream_uri) == "rtsp://127.0.0.1/u"


@pytest.mark.parametrize(
    "uri", ["", "http://h/x", "rtsp://", "rtsp://h:99999/", "rtsp://" + "a" * 3000, "nonsense"]
)
def test_a_stream_address_that_is_none_is_a_fault(uri: str) -> None:
    body = envelope(f"<tr2:GetStreamUriResponse><tr2:Uri>{uri}</tr2:Uri></tr2:GetStreamUriResponse>")
    facts = interview(opened(GetStreamUri=body))
    assert media(facts).profiles[0].stream_uri.code is FaultCode.MALFORMED_REPLY  # type: ignore[union-attr]


def test_a_device_without_media_profiles_says_so() -> None:
    empty = {f"{MEDIA1}#GetProfiles": envelope("<trt:GetProfilesResponse/>")}
    facts = interview(FakeDevice(answers=empty, services=(DEVICE_NS, MEDIA1)))  # type: ignore[arg-type]
    assert facts.media.code is FaultCode.NO_MEDIA_PROFILE  # type: ignore[union-attr]


def test_missing_menus_are_a_fault_not_an_empty_menu() -> None:
    facts = interview(
        FakeDevice(answers={"GetVideoEncoderConfigurationOptions": soap_fault("ActionNotSupported")})
    )
    assert media(facts).profiles[0].options.code is FaultCode.UNSUPPORTED  # type: ignore[union-attr]


def test_menus_of_media1_are_ranges_in_our_units() -> None:
    facts = interview(FakeDevice(services=(DEVICE_NS, MEDIA1)))
    menu = media(facts).profiles[0].options[0]  # type: ignore[index]
    assert (
        menu.codec == "h264"
        and menu.resolutions == ((1920, 1080),)
        and menu.codec_profiles == ("Main", "High")
    )
    assert (menu.frame_rate_range_hz.low, menu.frame_rate_range_hz.high) == (  # type: ignore[union-attr]
        1,
        25,
    ) and menu.frame_rates_hz == ()
    assert MEDIA1_OPTIONS.count("<tt:Max>400</tt:Max>") == 1 and menu.gop_range_frames.high == 400  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "mac", ["00:12:34:56:78:9a", "41a0bc:41a0bd:41a0be:41a0bf:41a0c0:41a0c1", "", "00000000000000000000"]
)
def test_bogus_macs_are_facts_and_nothing_more(mac: str) -> None:
    """home-assistant/core#59218, #63399."""
    from camagent.inventory.identity import sighting

    reply = PLAIN["GetNetworkInterfaces"].replace("00:1B:C5:0A:0B:0C", mac)
    facts = interview(opened(GetNetworkInterfaces=reply))
    assert not any(kind == "mac" for kind, _ in sighting(facts, "127.0.0.1", None).signs)
