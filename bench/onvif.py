"""Interrogating many cameras: camagent beside onvif-zeep, zeep and oxvif, in one run, on loopback.

Every contender asks every device the same questions, logs in with WS-UsernameToken (checked), and must come
back with the same facts. Each runs in a process of its own; the devices run in another. CPU is the
contender's alone.

    python -m bench.onvif [--devices N] [--camera-devices N] [--latency-ms MS]
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import json
import os
import platform
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from bench import oxvif
from tests.peers.launch import can_unshare, unshare

RESULTS = Path(__file__).resolve().parent / "results" / "onvif.json"
USER, PASSWORD = "giamsat", "bench-password"
DEVICE, MEDIA, IMAGING = (
    "http://www.onvif.org/ver10/device/wsdl",
    "http://www.onvif.org/ver10/media/wsdl",
    "http://www.onvif.org/ver20/imaging/wsdl",
)
OPEN = {"GetSystemDateAndTime", "GetServices", "GetCapabilities", "GetServiceCapabilities"}
WIDTH = 64  # devices at once, as in a scan
THREADS = 16  # for the blocking contenders: more were slower (measured: 64 threads 187 s, 16 threads 178 s)


# --- the devices
# -------------------------------------------------------------------------------------------------


# Sizes after the recorded replies of five devices (hawkeye64/onvif-nvt): an envelope declares 8 to 46
# namespaces, two kilobytes of them; GetServices lists 8 to 12 services; GetProfiles has three profiles with
# analytics, 8 to 27 kB.
ONVIF = "http://www.onvif.org"
SPACES = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "tt": f"{ONVIF}/ver10/schema",
    "tds": DEVICE,
    "trt": MEDIA,
    "timg": IMAGING,
    "tev": f"{ONVIF}/ver10/events/wsdl",
    "wsa": "http://www.w3.org/2005/08/addressing",
    "ter": f"{ONVIF}/ver10/error",
    "wsnt": "http://docs.oasis-open.org/wsn/b-2",
    "soapenc": "http://www.w3.org/2003/05/soap-encoding",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
    "xs": "http://www.w3.org/2001/XMLSchema",
    "wstop": "http://docs.oasis-open.org/wsn/t-1",
    "d": "http://schemas.xmlsoap.org/ws/2005/04/discovery",
    "tns1": f"{ONVIF}/ver10/topics",
    **{
        f"t{n}": f"{ONVIF}/ver10/{n}/wsdl"
        for n in ("deviceIO", "recording", "search", "replay", "network", "storage")
    },
    **{f"u{n}": f"{ONVIF}/ver20/{n}/wsdl" for n in ("ptz", "analytics", "media")},
}
OTHERS = ("ver10/events", "ver20/ptz", "ver20/analytics", "ver10/deviceIO", "ver10/recording", "ver10/replay")


def envelope(body: str) -> bytes:
    """A reply as cameras send it, with the usual crowd of namespaces."""
    declared = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in SPACES.items())
    envelope = f"<s:Envelope {declared}><s:Body>{body}</s:Body></s:Envelope>"
    return f'<?xml version="1.0" encoding="UTF-8"?>{envelope}'.encode()


def analytics(token: str) -> str:
    """A VideoAnalyticsConfiguration as devices put it into every profile, whoever asks."""
    points = '<tt:Point x="0.0" y="0.0"/>' * 4
    field = f'<tt:ElementItem Name="Field"><tt:Polygon>{points}</tt:Polygon></tt:ElementItem>'
    items = '<tt:SimpleItem Name="Sensitivity" Value="60"/><tt:SimpleItem Name="Threshold" Value="10"/>'
    modules = "".join(
        f'<tt:AnalyticsModule Name="Module{n}" Type="tt:Engine{n}"><tt:Parameters>'
        f"{items}{field}</tt:Parameters>"
        "</tt:AnalyticsModule>"
        for n in range(4)
    )
    rules = "".join(
        f'<tt:Rule Name="Rule{n}" Type="tt:Detector{n}"><tt:Parameters>{items}{field}</tt:Parameters>'
        "</tt:Rule>"
        for n in range(4)
    )
    return (
        f'<tt:VideoAnalyticsConfiguration token="A{token}"><tt:Name>a</tt:Name><tt:UseCount>3</tt:UseCount>'
        f"<tt:AnalyticsEngineConfiguration>{modules}</tt:AnalyticsEngineConfiguration>"
        f"<tt:RuleEngineConfiguration>{rules}</tt:RuleEngineConfiguration></tt:VideoAnalyticsConfiguration>"
    )


def encoder(name: str, token: str, width: int, height: int) -> str:
    """One VideoEncoderConfiguration of Media1, complete by the schema; `name` of its element."""
    multicast = (
        "<tt:Multicast><tt:Address><tt:Type>IPv4</tt:Type><tt:IPv4Address>0.0.0.0</tt:IPv4Address></tt:Address>"
        "<tt:Port>8860</tt:Port><tt:TTL>128</tt:TTL><tt:AutoStart>false</tt:AutoStart></tt:Multicast>"
    )
    return (
        f'<{name} token="E{token}"><tt:Name>e{token}</tt:Name><tt:UseCount>1</tt:UseCount>'
        f"<tt:Encoding>H264</tt:Encoding><tt:Resolution><tt:Width>{width}</tt:Width><tt:Height>{height}</tt:Height>"
        "</tt:Resolution><tt:Quality>4</tt:Quality><tt:RateControl><tt:FrameRateLimit>25</tt:FrameRateLimit>"
        "<tt:EncodingInterval>1</tt:EncodingInterval><tt:BitrateLimit>4096</tt:BitrateLimit></tt:RateControl><tt:H264>"
        "<tt:GovLength>50</tt:GovLength><tt:H264Profile>Main</tt:H264Profile></tt:H264>"
        f"{multicast}<tt:SessionTimeout>PT60S</tt:SessionTimeout></{name}>"
    )


def profile(token: str, width: int, height: int) -> str:
    """One media profile of Media1, complete by the schema."""
    return (
        f'<trt:Profiles token="{token}" fixed="true"><tt:Name>{token}</tt:Name>'
        '<tt:VideoSourceConfiguration token="VSC">'
        "<tt:Name>source</tt:Name><tt:UseCount>2</tt:UseCount><tt:SourceToken>VS1</tt:SourceToken>"
        '<tt:Bounds x="0" y="0" width="2560" height="1440"/></tt:VideoSourceConfiguration>'
        f"{encoder('tt:VideoEncoderConfiguration', token, width, height)}{analytics(token)}</trt:Profiles>"
    )


SIZES = (("Main", 2560, 1440), ("Sub", 640, 360), ("Third", 320, 180))
"""Token, width and height of each profile."""
OPTIONS = (
    "<trt:GetVideoEncoderConfigurationOptionsResponse><trt:Options><tt:QualityRange><tt:Min>0</tt:Min><tt:Max>5</tt:Max>"
    "</tt:QualityRange><tt:H264>"
    + "".join(
        f"<tt:ResolutionsAvailable><tt:Width>{w}</tt:Width><tt:Height>{h}</tt:Height></tt:ResolutionsAvailable>"
        for w, h in ((2560, 1440), (1920, 1080), (1280, 720))
    )
    + "<tt:GovLengthRange><tt:Min>1</tt:Min><tt:Max>400</tt:Max></tt:GovLengthRange>"
    "<tt:FrameRateRange><tt:Min>1</tt:Min><tt:Max>25</tt:Max></tt:FrameRateRange><tt:EncodingIntervalRange><tt:Min>1</tt:Min><tt:Max>1</tt:Max>"
    "</tt:EncodingIntervalRange><tt:H264ProfilesSupported>Main</tt:H264ProfilesSupported></tt:H264>"
    "</trt:Options></trt:GetVideoEncoderConfigurationOptionsResponse>"
)
REFUSAL = envelope(
    "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>ter:NotAuthorized</s:Value></s:Subcode></s:Code>"
    '<s:Reason><s:Text xml:lang="en">Sender not Authorized</s:Text></s:Reason></s:Fault>'
)
UNSUPPORTED = REFUSAL.replace(b"NotAuthorized", b"ActionNotSupported").replace(
    b"Sender not Authorized", b"not here"
)


def clock_body() -> str:
    """GetSystemDateAndTimeResponse of a right clock."""
    now = datetime.now(UTC)
    moment = (
        f"<tt:Time><tt:Hour>{now.hour}</tt:Hour><tt:Minute>{now.minute}</tt:Minute><tt:Second>{now.second}</tt:Second>"
        f"</tt:Time><tt:Date><tt:Year>{now.year}</tt:Year><tt:Month>{now.month}</tt:Month><tt:Day>{now.day}</tt:Day>"
        "</tt:Date>"
    )
    return (
        "<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:DateTimeType>NTP</tt:DateTimeType>"
        "<tt:DaylightSavings>false</tt:DaylightSavings><tt:TimeZone><tt:TZ>ICT-7</tt:TZ></tt:TimeZone>"
        f"<tt:UTCDateTime>{moment}</tt:UTCDateTime></tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>"
    )


def bodies(host: str, number: int) -> dict[str, str]:
    """What device `number` answers."""
    url = f"http://{host}/onvif"
    services = "".join(
        f"<tds:Service><tds:Namespace>{ns}</tds:Namespace><tds:XAddr>{url}/{name}</tds:XAddr><tds:Version>"
        "<tt:Major>2</tt:Major><tt:Minor>60</tt:Minor></tds:Version></tds:Service>"
        for name, ns in (
            ("device_service", DEVICE),
            ("media", MEDIA),
            ("imaging", IMAGING),
            *((name.partition("/")[2], f"{ONVIF}/{name}/wsdl") for name in OTHERS),
        )
    )
    events = f"{url}/events"
    return {
        "GetServices": f"<tds:GetServicesResponse>{services}</tds:GetServicesResponse>",
        "GetCapabilities": "<tds:GetCapabilitiesResponse><tds:Capabilities>"
        f"<tt:Device><tt:XAddr>{url}/device_service</tt:XAddr></tt:Device><tt:Events><tt:XAddr>{events}</tt:XAddr>"
        "<tt:WSSubscriptionPolicySupport>true</tt:WSSubscriptionPolicySupport><tt:WSPullPointSupport>true"
        "</tt:WSPullPointSupport><tt:WSPausableSubscriptionManagerInterfaceSupport>false"
        "</tt:WSPausableSubscriptionManagerInterfaceSupport></tt:Events>"
        f"<tt:Imaging><tt:XAddr>{url}/imaging</tt:XAddr></tt:Imaging><tt:Media><tt:XAddr>{url}/media</tt:XAddr>"
        "<tt:StreamingCapabilities/></tt:Media></tds:Capabilities></tds:GetCapabilitiesResponse>",
        "CreatePullPointSubscription": "<tev:CreatePullPointSubscriptionResponse><tev:SubscriptionReference>"
        f"<wsa:Address>{events}/1</wsa:Address></tev:SubscriptionReference><wsnt:CurrentTime>2026-01-01T00:00:00Z"
        "</wsnt:CurrentTime><wsnt:TerminationTime>2026-01-01T00:01:00Z</wsnt:TerminationTime>"
        "</tev:CreatePullPointSubscriptionResponse>",
        "GetDeviceInformation": "<tds:GetDeviceInformationResponse><tds:Manufacturer>Bench</tds:Manufacturer>"
        f"<tds:Model>B-4</tds:Model><tds:FirmwareVersion>1.0</tds:FirmwareVersion><tds:SerialNumber>BENCH{number:05d}"
        "</tds:SerialNumber><tds:HardwareId>1</tds:HardwareId></tds:GetDeviceInformationResponse>",
        "GetNetworkInterfaces": '<tds:GetNetworkInterfacesResponse><tds:NetworkInterfaces token="eth0">'
        "<tt:Enabled>true</tt:Enabled><tt:Info><tt:Name>eth0</tt:Name>"
        f"<tt:HwAddress>02:be:00:00:{number >> 8:02x}:{number & 255:02x}</tt:HwAddress>"
        "<tt:MTU>1500</tt:MTU></tt:Info></tds:NetworkInterfaces></tds:GetNetworkInterfacesResponse>",
        "GetNetworkProtocols": "<tds:GetNetworkProtocolsResponse>"
        "<tds:NetworkProtocols><tt:Name>RTSP</tt:Name>"
        "<tt:Enabled>true</tt:Enabled><tt:Port>554</tt:Port></tds:NetworkProtocols></tds:GetNetworkProtocolsResponse>",
        "GetNTP": "<tds:GetNTPResponse><tds:NTPInformation><tt:FromDHCP>false</tt:FromDHCP>"
        "<tt:NTPManual><tt:Type>IPv4"
        "</tt:Type><tt:IPv4Address>192.0.2.1</tt:IPv4Address></tt:NTPManual></tds:NTPInformation></tds:GetNTPResponse>",
        "GetServiceCapabilities": "<tds:GetServiceCapabilitiesResponse>"
        '<tds:Capabilities><tds:Network NTP="1"/>'
        '<tds:Security TLS1.2="false" UsernameToken="true" HttpDigest="false" MaxUsers="32"/><tds:System/>'
        "</tds:Capabilities></tds:GetServiceCapabilitiesResponse>",
        "GetScopes": "<tds:GetScopesResponse>"
        + "".join(
            f"<tds:Scopes><tt:ScopeDef>Fixed</tt:ScopeDef><tt:ScopeItem>onvif://www.onvif.org/{scope}</tt:ScopeItem>"
            "</tds:Scopes>"
            for scope in ("Profile/Streaming", "type/video_encoder", "name/cam", "hardware/B-4", "location/x")
        )
        + "</tds:GetScopesResponse>",
        "GetUsers": f"<tds:GetUsersResponse><tds:User><tt:Username>{USER}</tt:Username>"
        "<tt:UserLevel>Administrator"
        "</tt:UserLevel></tds:User></tds:GetUsersResponse>",
        "GetProfiles": "<trt:GetProfilesResponse>"
        + "".join(profile(*size) for size in SIZES)
        + "</trt:GetProfilesResponse>",
        "GetVideoEncoderConfigurations": "<trt:GetVideoEncoderConfigurationsResponse>"
        + "".join(encoder("trt:Configurations", *size) for size in SIZES)
        + "</trt:GetVideoEncoderConfigurationsResponse>",
        "GetVideoEncoderConfigurationOptions": OPTIONS,
        "GetStreamUri": f"<trt:GetStreamUriResponse><trt:MediaUri><tt:Uri>rtsp://{host.partition(':')[0]}:554/TOKEN"
        "</tt:Uri><tt:InvalidAfterConnect>false</tt:InvalidAfterConnect><tt:InvalidAfterReboot>false"
        "</tt:InvalidAfterReboot><tt:Timeout>PT0S</tt:Timeout></trt:MediaUri></trt:GetStreamUriResponse>",
    }


class Device(asyncio.Protocol):
    """One HTTP connection to one device: as little Python as will do, so that the devices are not what is
    measured."""

    counts: dict[str, int] = {}
    latency_s = 0.02
    # with the colon: a nonce in base64 may hold "Body"
    _operation = re.compile(rb":Body[^>]*><(?:\w+:)?(\w+)")

    def __init__(self, replies: dict[str, bytes]) -> None:
        self.replies, self.buffer = replies, b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, separator, rest = self.buffer.partition(b"\r\n\r\n")
        size = re.search(rb"content-length: *(\d+)", head, re.I)
        if not separator or size is None or len(rest) < int(size[1]):
            return
        self.buffer = rest[int(size[1]) :]
        named = self._operation.search(rest)
        operation = named[1].decode() if named else ""
        self.counts[operation] = self.counts.get(operation, 0) + 1
        status, body = 200, self.replies.get(operation, UNSUPPORTED)
        if operation == "GetSystemDateAndTime":
            body = envelope(clock_body())
        elif operation not in OPEN and not good_token(rest):
            status, body = 400, REFUSAL
        if operation == "GetStreamUri":
            body = body.replace(b"TOKEN", b"Main" if b"Main<" in rest else b"Other")
        kind = "Content-Type: application/soap+xml"
        lines = f"HTTP/1.1 {status} X\r\n{kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        asyncio.get_running_loop().call_later(self.latency_s, self.transport.write, lines.encode() + body)


def good_token(text: bytes) -> bool:
    """The WS-UsernameToken, checked as a device does."""
    parts = [
        re.search(rb"<(?:\w+:)?%s[^>]*>([^<]*)<" % name, text) for name in (b"Nonce", b"Created", b"Password")
    ]
    if not all(parts):
        return False
    nonce, created, digest = (part[1] for part in parts if part is not None)
    want = hashlib.sha1(base64.b64decode(nonce) + created + PASSWORD.encode(), usedforsecurity=False).digest()
    age_s = abs(
        (datetime.fromisoformat(created.decode().replace("Z", "+00:00")) - datetime.now(UTC)).total_seconds()
    )
    return digest == base64.b64encode(want) and age_s < 10


def address(number: int) -> str:
    """Loopback addresses, one for each device."""
    return f"127.21.{number // 250}.{number % 250 + 1}"


async def serve(devices: int, latency_s: float) -> None:
    """All devices in this process until stdin closes; prints the port, and the counts at the end."""
    loop = asyncio.get_running_loop()
    Device.latency_s = latency_s
    port = 0
    for number in range(devices):
        replies: dict[str, bytes] = {}
        server = await loop.create_server(partial(Device, replies), address(number), port, backlog=64)
        port = server.sockets[0].getsockname()[1]
        host = f"{address(number)}:{port}"
        replies.update({name: envelope(body) for name, body in bodies(host, number).items()})
    print(port, flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    print(json.dumps(Device.counts), flush=True)


# --- the contenders: each returns (serial, codec, width, rate, main stream) for every device
# -------------------------

Row = tuple[str, str, int, float, str]


def expected(number: int) -> Row:
    """What everybody must come back with."""
    return f"BENCH{number:05d}", "H264", 2560, 25.0, f"rtsp://{address(number)}:554/Main"


async def ask_camagent(devices: int, port: int, per_second: float) -> list[Row]:
    """Our interview, 64 devices at once."""
    from camagent.interrogate.interview import InterviewDoors, InterviewOptions, interrogate
    from camagent.model.device import DeviceTarget
    from camagent.model.secret import Credential, Secret
    from camagent.platform.system_clock import SystemClock
    from camagent.wire.login_ledger import LoginLedger

    doors, gate = InterviewDoors(SystemClock(), LoginLedger()), asyncio.Semaphore(WIDTH)
    options = InterviewOptions(max_requests_per_s=per_second, budget_s=120.0)
    login = Credential(USER, Secret(PASSWORD))

    async def one(number: int) -> Row:
        async with gate:
            facts = await interrogate(DeviceTarget(address(number), port), login, options, doors)
        if facts.faults:
            return str(facts.faults[0]), "", 0, 0.0, ""
        main: Any = facts.media.profiles[0]  # type: ignore[union-attr]
        serial = facts.information.serial  # type: ignore[union-attr]
        encoder = main.encoder
        return (
            str(serial),
            encoder.codec.upper(),
            encoder.width_px,
            encoder.frame_rate_hz,
            f"{main.stream_uri}",
        )

    rows = await asyncio.gather(*(one(number) for number in range(devices)))
    return [(*row[:4], row[4].replace("/Main", ":554/Main")) for row in rows]


def as_stranger(client: Any, ask: Callable[[], Any]) -> None:
    """The same question without credentials; a device that answers it is not the one that we set up."""
    from onvif import ONVIFError
    from zeep.exceptions import Fault

    token, client.wsse = client.wsse, None
    try:
        ask()
    except (Fault, ONVIFError):
        return
    finally:
        client.wsse = token
    raise AssertionError("the device is open")


def questions(device: Any, media: Any, clients: tuple[Any, Any]) -> Row:
    """The same questions through zeep's proxies (blocking)."""
    device("GetServiceCapabilities", {})
    as_stranger(clients[0], lambda: device("GetDeviceInformation", {}))
    as_stranger(clients[1], lambda: media("GetProfiles", {}))
    as_stranger(clients[0], lambda: device("GetUsers", {}))
    serial = device("GetDeviceInformation", {})["SerialNumber"]
    for operation in ("GetNetworkInterfaces", "GetNetworkProtocols", "GetNTP", "GetScopes", "GetUsers"):
        device(operation, {})
    profiles = media("GetProfiles", {})
    setup = {"Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}}
    uris = []
    for row in profiles:
        uris.append(media("GetStreamUri", {"StreamSetup": setup, "ProfileToken": row["token"]})["Uri"])
        encoder = row["VideoEncoderConfiguration"]
        asked = {"ConfigurationToken": encoder["token"], "ProfileToken": row["token"]}
        media("GetVideoEncoderConfigurationOptions", asked)
    main = profiles[0]["VideoEncoderConfiguration"]
    rate = float(main["RateControl"]["FrameRateLimit"])
    return serial, main["Encoding"], main["Resolution"]["Width"], rate, uris[0]


def in_threads(devices: int, one: Callable[[int], Row], threads: int = THREADS) -> list[Row]:
    """Blocking contenders, several devices at once."""
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(one, range(devices)))


def wsdl_folder() -> Path:
    """Where onvif-zeep put its WSDLs."""
    import onvif

    return Path(onvif.__file__).parent.parent / "wsdl"


def ask_onvif_camera(devices: int, port: int) -> list[Row]:
    """onvif-zeep as its README shows it: one ONVIFCamera a device."""
    from onvif import ONVIFCamera

    folder = str(wsdl_folder())

    def one(number: int) -> Row:
        camera = ONVIFCamera(address(number), port, USER, PASSWORD, folder, adjust_time=True)
        parts = (camera.devicemgmt, camera.create_media_service())
        asks = [lambda name, args, s=s: getattr(s, name)(args) for s in parts]
        return questions(asks[0], asks[1], (parts[0].zeep_client, parts[1].zeep_client))

    return in_threads(devices, one)


def ask_onvif_service(devices: int, port: int) -> list[Row]:
    """onvif-zeep's ONVIFService on WSDLs that were parsed once for all devices."""
    from onvif import SERVICES, ONVIFService
    from zeep import Client

    folder = wsdl_folder()
    names = ("devicemgmt", "media")
    shared = {name: Client(str(folder / SERVICES[name]["wsdl"])).wsdl for name in names}

    def one(number: int) -> Row:
        asks, clients = [], []
        for name, path in zip(names, ("device_service", "media"), strict=True):
            clients.append(client := _client(shared[name]))
            row = SERVICES[name]
            service = ONVIFService(
                f"http://{address(number)}:{port}/onvif/{path}",
                USER,
                PASSWORD,
                str(folder / row["wsdl"]),
                zeep_client=client,
                binding_name=f"{{{row['ns']}}}{row['binding']}",
            )
            asks.append(lambda operation, args, s=service: getattr(s, operation)(args))
        asks[0]("GetSystemDateAndTime", {})
        asks[0]("GetServices", {"IncludeCapability": False})
        return questions(asks[0], asks[1], (clients[0], clients[1]))

    return in_threads(devices, one)


def ask_zeep(devices: int, port: int) -> list[Row]:
    """Plain zeep, WSDLs parsed once, threads."""
    from onvif import SERVICES
    from zeep import Client

    folder = wsdl_folder()
    names = ("devicemgmt", "media")
    shared = {name: Client(str(folder / SERVICES[name]["wsdl"])).wsdl for name in names}

    def one(number: int) -> Row:
        asks, clients = [], []
        for name, path in zip(names, ("device_service", "media"), strict=True):
            binding = f"{{{SERVICES[name]['ns']}}}{SERVICES[name]['binding']}"
            url = f"http://{address(number)}:{port}/onvif/{path}"
            clients.append(client := _client(shared[name]))
            proxy = client.create_service(binding, url)
            asks.append(lambda operation, args, p=proxy: getattr(p, operation)(**args))
        asks[0]("GetSystemDateAndTime", {})
        asks[0]("GetServices", {"IncludeCapability": False})
        return questions(asks[0], asks[1], (clients[0], clients[1]))

    return in_threads(devices, one)


def _client(document: Any) -> Any:
    """A zeep client with its own log-in on a shared document."""
    from zeep import Client, Settings
    from zeep.wsse.username import UsernameToken

    return Client(
        document, wsse=UsernameToken(USER, PASSWORD, use_digest=True), settings=Settings(strict=False)
    )


def ask_oxvif(way: str, devices: int, port: int) -> list[Row]:
    """The Rust client, in a process of its own."""
    return oxvif.ask(way, devices, port, (USER, PASSWORD), WIDTH)


CONTENDERS: dict[str, Callable[[int, int], list[Row]]] = {
    "camagent": lambda n, port: asyncio.run(ask_camagent(n, port, 1000.0)),
    "camagent at 5 requests/s": lambda n, port: asyncio.run(ask_camagent(n, port, 5.0)),
    "onvif-zeep ONVIFService, shared WSDL, 16 threads": ask_onvif_service,
    "zeep, shared WSDL, 16 threads": ask_zeep,
    "onvif-zeep ONVIFCamera, 16 threads": ask_onvif_camera,
    **{name: partial(ask_oxvif, way) for name, way in oxvif.WAYS.items()},
}


# --- the run
# -----------------------------------------------------------------------------------------------------


def contend(name: str, devices: int, port: int) -> None:
    """One contender in this process; prints what it cost."""
    began_s = time.monotonic()
    rows = CONTENDERS[name](devices, port)
    wall_s = time.monotonic() - began_s
    # of oxvif the peak may be that of this process's copy from which it was started
    usage = resource.getrusage(resource.RUSAGE_CHILDREN if name in oxvif.WAYS else resource.RUSAGE_SELF)
    right = sum(tuple(row) == expected(number) for number, row in enumerate(rows))
    cpu_s = usage.ru_utime + usage.ru_stime
    cost = {
        "devices": devices,
        "right": right,
        "wall_s": wall_s,
        "cpu_s": cpu_s,
        "rss_mb": usage.ru_maxrss / 1024,
    }
    print(json.dumps(cost | {"cpu_ms_per_device": 1000 * cpu_s / devices}))
    if right != devices:
        print(
            f"wrong: {next(row for n, row in enumerate(rows) if tuple(row) != expected(n))}", file=sys.stderr
        )


def measure(name: str, devices: int, latency_ms: float) -> dict[str, Any]:
    """Start the devices, run one contender against them, stop the devices."""
    module = [sys.executable, "-m", "bench.onvif"]
    pipe = subprocess.PIPE
    serving = [*module, "--serve", "--devices", str(devices), "--latency-ms", str(latency_ms)]
    with subprocess.Popen(serving, stdin=pipe, stdout=pipe, text=True) as server:
        assert server.stdin is not None and server.stdout is not None
        port = server.stdout.readline().strip()
        command = [*module, "--contender", name, "--devices", str(devices), "--port", port]
        done = subprocess.run(command, stdout=pipe, stderr=pipe, text=True, timeout=900, check=False)
        counts = json.loads(server.communicate()[0] or "{}")
    if done.returncode != 0:
        return {"contender": name, "error": done.stderr[-400:]}
    if "wrong:" in done.stderr:
        print(done.stderr[-400:], file=sys.stderr)
    calls = {"calls": sum(counts.values()), "subscriptions": counts.get("CreatePullPointSubscription", 0)}
    return {"contender": name, **json.loads(done.stdout.splitlines()[-1]), **calls}


def table(rows: list[dict[str, Any]]) -> str:
    """The results for a person."""
    lines = [
        f"{'contender':<50}{'devices':>8}{'right':>7}{'calls':>7}{'wall s':>8}{'CPU s':>8}"
        f"{'ms/dev':>8}{'RSS MB':>8}"
    ]
    for row in rows:
        if "error" in row:
            lines.append(
                f"{row['contender']:<50} failed: {row['error'].splitlines()[-1] if row['error'] else '?'}"
            )
            continue
        lines.append(
            f"{row['contender']:<50}{row['devices']:>8}{row['right']:>7}{row['calls']:>7}{row['wall_s']:>8.1f}"
            f"{row['cpu_s']:>8.2f}{row['cpu_ms_per_device']:>8.1f}{row['rss_mb']:>8.0f}"
        )
    return "\n".join(lines)


def main() -> None:
    """Run everything and write the results."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--devices", type=int, default=300)
    parser.add_argument(
        "--camera-devices", type=int, default=60, help="for ONVIFCamera: it takes about 0.6 s each"
    )
    parser.add_argument("--latency-ms", type=float, default=20.0)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--contender", help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--isolated", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve(options.devices, options.latency_ms / 1000))
        return
    if options.contender:
        contend(options.contender, options.devices, options.port)
        return
    if not options.isolated:
        oxvif.build()
        if can_unshare():
            own = [sys.executable, "-m", "bench.onvif", *sys.argv[1:], "--isolated"]
            raise SystemExit(
                subprocess.call([*unshare(), "sh", "-c", 'ip link set lo up && exec "$@"', "sh", *own])
            )
    run(options)


def run(options: argparse.Namespace) -> None:
    """Every contender in turn; prints and keeps the results."""
    rows = []
    for name in CONTENDERS:
        if name in oxvif.WAYS and not (options.isolated and oxvif.PROGRAM.exists()):
            continue
        devices = min(options.devices, options.camera_devices) if "ONVIFCamera" in name else options.devices
        rows.append(measure(name, devices, options.latency_ms))
    print(table(rows))
    ours = rows[0]
    others = [row for row in rows[2:] if "error" not in row and row["contender"] not in oxvif.WAYS]
    best_ms = min(row["cpu_ms_per_device"] for row in others)
    ratio = best_ms / ours["cpu_ms_per_device"]
    print(f"CPU of the best in Python / ours: {ratio:.1f}; our peak RSS: {ours['rss_mb']:.0f} MB")
    machine = {"cpus": os.cpu_count(), "python": platform.python_version(), "latency_ms": options.latency_ms}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps({"machine": machine, "cpu_ratio": ratio, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
