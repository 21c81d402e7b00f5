"""An ONVIF device for tests: answers from a table, and deviates in exactly the ways that a test asks for.

It checks log-ins with its own few lines of hashing, so that our client's arithmetic is not its own judge.

Why it is not the simulator: a test says here what one device wrote, letter by letter, in an issue that it
names (a SOAP fault of 2009, a nonce that changes, a body cut short), and reads which questions came in which
order. The simulator is a device that keeps the standard and its own state; a value for each of these replies
would make it a list of other people's defects that no user of `camagent simulate` asks for. What both can do
is tested against the simulator (test_simulated_school.py).
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from camagent.model.device import DeviceTarget
from camagent.model.secret import Credential, Secret

USER, PASSWORD = "admin", "hunter2-Đ&<"
LOGIN = Credential(USER, Secret(PASSWORD))
WRONG = Credential(USER, Secret("wrong-password"))
DEVICE, MEDIA1, MEDIA2 = (
    "http://www.onvif.org/ver10/device/wsdl",
    "http://www.onvif.org/ver10/media/wsdl",
    "http://www.onvif.org/ver20/media/wsdl",
)
OPEN_TO_ALL = frozenset({"GetSystemDateAndTime", "GetServices", "GetCapabilities", "GetServiceCapabilities"})

Answer = str | bytes | web.Response
Say = Callable[["FakeDevice", "Asked"], Answer]


def envelope(body: str, soap: str = "http://www.w3.org/2003/05/soap-envelope") -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><SOAP-ENV:Envelope xmlns:SOAP-ENV="{soap}" '
        'xmlns:tds="http://www.onvif.org/ver10/device/wsdl" '
        'xmlns:trt="http://www.onvif.org/ver10/media/wsdl" '
        'xmlns:tr2="http://www.onvif.org/ver20/media/wsdl" xmlns:tt="http://www.onvif.org/ver10/schema" '
        'xmlns:ter="http://www.onvif.org/ver10/error">'
        f"<SOAP-ENV:Body>{body}</SOAP-ENV:Body></SOAP-ENV:Envelope>"
    )


def soap_fault(subcode: str, text: str = "no") -> str:
    return envelope(
        "<SOAP-ENV:Fault><SOAP-ENV:Code><SOAP-ENV:Value>SOAP-ENV:Sender</SOAP-ENV:Value><SOAP-ENV:Subcode>"
        f"<SOAP-ENV:Value>ter:{subcode}</SOAP-ENV:Value></SOAP-ENV:Subcode></SOAP-ENV:Code><SOAP-ENV:Reason>"
        f'<SOAP-ENV:Text xml:lang="en">{text}</SOAP-ENV:Text></SOAP-ENV:Reason></SOAP-ENV:Fault>'
    )


NOT_AUTHORIZED = soap_fault("NotAuthorized", "Sender not Authorized")


def moment(tag: str, at: datetime) -> str:
    return (
        f"<tt:{tag}><tt:Time><tt:Hour>{at.hour}</tt:Hour><tt:Minute>{at.minute}</tt:Minute><tt:Second>{at.second}"
        f"</tt:Second></tt:Time><tt:Date><tt:Year>{at.year}</tt:Year><tt:Month>{at.month}</tt:Month>"
        f"<tt:Day>{at.day}</tt:Day></tt:Date></tt:{tag}>"
    )


def clock_reply(at: datetime, zone: timedelta = timedelta(hours=7)) -> str:
    return envelope(
        "<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:DateTimeType>NTP</tt:DateTimeType>"
        "<tt:DaylightSavings>false</tt:DaylightSavings><tt:TimeZone><tt:TZ>ICT-7</tt:TZ></tt:TimeZone>"
        f"{moment('UTCDateTime', at)}{moment('LocalDateTime', at + zone)}"
        "</tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>"
    )


@dataclass(frozen=True)
class Asked:
    operation: str
    namespace: str
    content: str
    path: str
    text: str
    authorization: str | None
    wsse: bool


@dataclass
class FakeDevice:
    login: str = "wsse"
    """One of "none", "wsse", "digest", "digest-sha-256", "basic", "wsse-then-digest"."""
    qop: str | None = "auth"
    """What its Digest challenges state; None: the form of RFC 2069."""
    clock_offset: timedelta = timedelta(0)
    """Of the device's real clock, which judges tokens."""
    shown_offset: timedelta | None = None
    """What GetSystemDateAndTime shows, where that differs."""
    window_s: float = 5.0
    open: frozenset[str] = OPEN_TO_ALL
    answers: dict[str, Answer | Say] = field(default_factory=dict)
    """By "Operation" or "namespace#Operation"; overrides the healthy answers."""
    fault_status: int = 400
    refusal: str = NOT_AUTHORIZED
    services: tuple[str, ...] = (DEVICE, MEDIA1, MEDIA2)
    named_host: str | None = None
    before: Say | None = None
    asked: list[Asked] = field(default_factory=list)
    port: int = 0
    nonces: int = 0
    single_use_nonces: bool = False
    used: set[str] = field(default_factory=set)
    logins_refused: int = 0

    def now(self) -> datetime:
        return datetime.now(UTC) + self.clock_offset

    @property
    def target(self) -> DeviceTarget:
        return DeviceTarget("127.0.0.1", self.port)

    def operations(self) -> list[str]:
        return [a.operation for a in self.asked]

    def count(self, operation: str) -> int:
        return self.operations().count(operation)

    async def serve(self, request: web.Request) -> web.Response:
        text = (await request.read()).decode()
        match = re.search(
            r'<s:Body xmlns:xsi="[^"]+" xmlns:xsd="[^"]+"><(\w+) xmlns="([^"]+)">(.*?)</\1>', text
        )
        operation, namespace, content = match.groups() if match else ("?", "?", "")
        wsse = "UsernameToken" in text
        asked = Asked(
            operation, namespace, content, request.path, text, request.headers.get("Authorization"), wsse
        )
        self.asked.append(asked)
        if self.before is not None:
            first = self.before(self, asked)
            if first:
                return self.respond(first)
        if operation not in self.open and self.login != "none":
            refused = self.check(asked)
            if refused is not None:
                return refused
        return self.respond(self.answer(asked))

    def respond(self, answer: Answer) -> web.Response:
        if isinstance(answer, web.Response):  # a copy: aiohttp sends each object once only
            copy = web.Response(status=answer.status, body=answer.body, headers=answer.headers.copy())
            if answer.keep_alive is False:
                copy.force_close()
            return copy
        body = answer.encode() if isinstance(answer, str) else answer
        status = self.fault_status if b":Fault>" in body else 200
        return web.Response(status=status, body=body, content_type="application/soap+xml")

    def answer(self, asked: Asked) -> Answer:
        for key in (f"{asked.namespace}#{asked.operation}", asked.operation):
            if key in self.answers:
                say = self.answers[key]
                return say(self, asked) if callable(say) else say
        return healthy(self, asked)

    def check(self, asked: Asked) -> web.Response | None:
        if self.login == "wsse":
            return None if self.good_token(asked.text) else self.refuse(asked)
        if self.login == "basic":
            good = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
            ok = asked.authorization == good
            if ok:
                return None
            self.refuse(asked)
            page = "<html><body>401 Unauthorized</body></html>"
            headers = {"WWW-Authenticate": 'Basic realm="cam"'}
            return web.Response(status=401, text=page, content_type="text/html", headers=headers)
        if self.login == "wsse-then-digest" and not asked.wsse and asked.authorization is None:
            return self.refuse(asked)
        name = "SHA-256" if self.login == "digest-sha-256" else "MD5"
        if asked.authorization is not None and self.good_digest(asked, name):
            return None
        self.nonces += 1
        challenge = f'Digest realm="cam", nonce="n{self.nonces}", algorithm={name}'
        challenge += f', qop="{self.qop}"' if self.qop is not None else ""
        response = self.refuse(asked, {"WWW-Authenticate": challenge})
        response.set_status(401)
        return response

    def refuse(self, asked: Asked, headers: dict[str, str] | None = None) -> web.Response:
        if asked.wsse or asked.authorization is not None:
            self.logins_refused += 1
        status = 401 if headers else self.fault_status
        return web.Response(
            status=status, text=self.refusal, content_type="application/soap+xml", headers=headers
        )

    def good_token(self, text: str) -> bool:
        def part(name: str) -> str:
            match = re.search(rf"<{name}[^>]*>([^<]*)</{name}>", text)
            return match[1] if match else ""

        if part("Username") != USER:
            return False
        created = part("Created")
        age = abs(
            (
                datetime.strptime(created, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC) - self.now()
            ).total_seconds()
        )
        want = hashlib.sha1(base64.b64decode(part("Nonce")) + created.encode() + PASSWORD.encode()).digest()
        return part("Password") == base64.b64encode(want).decode() and age <= self.window_s

    def good_digest(self, asked: Asked, name: str) -> bool:
        fields = dict(re.findall(r'(\w+)="?([^",]+)"?', asked.authorization or ""))
        digest = hashlib.sha256 if name == "SHA-256" else hashlib.md5
        nonce = fields.get("nonce", "")
        if self.single_use_nonces and nonce in self.used:
            return False
        self.used.add(nonce)

        def h(text: str) -> str:
            return digest(text.encode()).hexdigest()

        qop, a2 = fields.get("qop"), f"POST:{asked.path}"
        if qop not in ((self.qop or "").split(",") if self.qop else [None]):
            return False
        a2 += f":{h(asked.text)}" if qop == "auth-int" else ""
        middle = f":{fields.get('nc')}:{fields.get('cnonce')}:{qop}" if qop else ""
        want = h(f"{h(f'{USER}:cam:{PASSWORD}')}:{nonce}{middle}:{h(a2)}")
        return fields.get("response") == want and fields.get("username") == USER


def healthy(device: FakeDevice, asked: Asked) -> str:
    host = device.named_host or f"127.0.0.1:{device.port}"
    if asked.operation == "GetSystemDateAndTime":
        shown = device.shown_offset if device.shown_offset is not None else device.clock_offset
        return clock_reply(datetime.now(UTC) + shown)
    if asked.operation == "GetServices":
        rows = "".join(
            f"<tds:Service><tds:Namespace>{ns}</tds:Namespace><tds:XAddr>http://{host}/onvif/s{i}</tds:XAddr>"
            "<tds:Version><tt:Major>2</tt:Major><tt:Minor>60</tt:Minor></tds:Version></tds:Service>"
            for i, ns in enumerate(device.services)
        )
        return envelope(f"<tds:GetServicesResponse>{rows}</tds:GetServicesResponse>")
    if asked.operation == "GetServiceCapabilities":
        return MEDIA2_CAPABILITIES if asked.namespace == MEDIA2 else DEVICE_CAPABILITIES
    if asked.operation == "GetProfiles":
        return media2_profiles() if asked.namespace == MEDIA2 else media1_profiles()
    if asked.operation == "GetStreamUri":
        token = re.search(r"<ProfileToken>([^<]*)<", asked.content)
        uri = f"rtsp://{host.partition(':')[0]}:8554/{token[1] if token else ''}?a=1&amp;b=2"
        inner = f"<trt:MediaUri><tt:Uri>{uri}</tt:Uri></trt:MediaUri>"
        if asked.namespace == MEDIA2:
            return envelope(f"<tr2:GetStreamUriResponse><tr2:Uri>{uri}</tr2:Uri></tr2:GetStreamUriResponse>")
        return envelope(f"<trt:GetStreamUriResponse>{inner}</trt:GetStreamUriResponse>")
    if asked.operation == "GetVideoEncoderConfigurationOptions":
        return MEDIA2_OPTIONS if asked.namespace == MEDIA2 else MEDIA1_OPTIONS
    return PLAIN.get(asked.operation, soap_fault("ActionNotSupported", "Optional Action Not Implemented"))


def media1_profiles(encoder: str = "", token: str = "P1") -> str:
    encoder = encoder or (
        '<tt:VideoEncoderConfiguration token="E1"><tt:Name>main</tt:Name><tt:Encoding>H264</tt:Encoding>'
        "<tt:Resolution>"
        "<tt:Width>2560</tt:Width><tt:Height>1440</tt:Height></tt:Resolution><tt:Quality>4</tt:Quality><tt:RateControl>"
        "<tt:FrameRateLimit>25</tt:FrameRateLimit><tt:EncodingInterval>1</tt:EncodingInterval><tt:BitrateLimit>4096"
        "</tt:BitrateLimit></tt:RateControl><tt:H264><tt:GovLength>50</tt:GovLength><tt:H264Profile>Main</tt:H264Profile>"
        "</tt:H264></tt:VideoEncoderConfiguration>"
    )
    return envelope(
        f'<trt:GetProfilesResponse><trt:Profiles token="{token}"><tt:Name>main</tt:Name>'
        '<tt:VideoSourceConfiguration token="VSC"><tt:Name>vs</tt:Name><tt:SourceToken>VS1</tt:SourceToken>'
        f"</tt:VideoSourceConfiguration>{encoder}</trt:Profiles></trt:GetProfilesResponse>"
    )


def media2_row(token: str, source: str, encoding: str, size: tuple[int, int]) -> str:
    return (
        f'<tr2:Profiles token="{token}"><tr2:Name>{token}</tr2:Name><tr2:Configurations><tr2:VideoSource '
        'token="c">'
        f"<tt:Name>n-{source}</tt:Name><tt:SourceToken>{source}</tt:SourceToken></tr2:VideoSource>"
        f'<tr2:VideoEncoder token="E-{token}" GovLength="50" Profile="Main"><tt:Encoding>'
        f"{encoding}</tt:Encoding>"
        f"<tt:Resolution><tt:Width>{size[0]}</tt:Width><tt:Height>{size[1]}</tt:Height></tt:Resolution>"
        '<tt:RateControl ConstantBitRate="true"><tt:FrameRateLimit>25.0</tt:FrameRateLimit>'
        "<tt:BitrateLimit>4096</tt:BitrateLimit></tt:RateControl><tt:Quality>4</tt:Quality></tr2:VideoEncoder>"
        "</tr2:Configurations></tr2:Profiles>"
    )


def media2_profiles(rows: str = "") -> str:
    rows = rows or media2_row("P1", "VS1", "H265", (2560, 1440)) + media2_row("P2", "VS1", "H264", (640, 360))
    return envelope(f"<tr2:GetProfilesResponse>{rows}</tr2:GetProfilesResponse>")


DEVICE_CAPABILITIES = envelope(
    "<tds:GetServiceCapabilitiesResponse><tds:Capabilities><tds:Network/>"
    '<tds:Security TLS1.0="false" TLS1.1="true" TLS1.2="1" UsernameToken="true" HttpDigest="true" '
    'MaxUsers="10" '
    'HashingAlgorithms="MD5,SHA-256"/><tds:System/></tds:Capabilities></tds:GetServiceCapabilitiesResponse>'
)
MEDIA2_CAPABILITIES = envelope(
    '<tr2:GetServiceCapabilitiesResponse><tr2:Capabilities SnapshotUri="true"><tr2:ProfileCapabilities/>'
    '<tr2:StreamingCapabilities RTSPStreaming="true" SecureRTSPStreaming="true"/></tr2:Capabilities>'
    "</tr2:GetServiceCapabilitiesResponse>"
)
MEDIA2_OPTIONS = envelope(
    "<tr2:GetVideoEncoderConfigurationOptionsResponse>"
    '<tr2:Options GovLengthRange="1 400" FrameRatesSupported="25 20 15 10" ProfilesSupported="Main" '
    'ConstantBitRateSupported="true"><tt:Encoding>H265</tt:Encoding><tt:ResolutionsAvailable><tt:Width>2560</tt:Width>'
    "<tt:Height>1440</tt:Height></tt:ResolutionsAvailable><tt:BitrateRange><tt:Min>32</tt:Min><tt:Max>16384</tt:Max>"
    "</tt:BitrateRange></tr2:Options><tr2:Options><tt:Encoding>JPEG</tt:Encoding></tr2:Options>"
    "</tr2:GetVideoEncoderConfigurationOptionsResponse>"
)
MEDIA1_OPTIONS = envelope(
    "<trt:GetVideoEncoderConfigurationOptionsResponse><trt:Options><tt:QualityRange><tt:Min>0</tt:Min><tt:Max>5</tt:Max>"
    "</tt:QualityRange><tt:H264><tt:ResolutionsAvailable><tt:Width>1920</tt:Width><tt:Height>1080</tt:Height>"
    "</tt:ResolutionsAvailable><tt:GovLengthRange><tt:Min>1</tt:Min><tt:Max>400</tt:Max></tt:GovLengthRange>"
    "<tt:FrameRateRange><tt:Min>1</tt:Min><tt:Max>25</tt:Max></tt:FrameRateRange>"
    "<tt:H264ProfilesSupported>Main</tt:H264ProfilesSupported><tt:H264ProfilesSupported>High</tt:H264ProfilesSupported>"
    "</tt:H264><tt:Extension><tt:H264><tt:BitrateRange><tt:Min>32</tt:Min><tt:Max>8192</tt:Max></tt:BitrateRange>"
    "</tt:H264></tt:Extension></trt:Options></trt:GetVideoEncoderConfigurationOptionsResponse>"
)
PLAIN = {
    "GetDeviceInformation": envelope(
        "<tds:GetDeviceInformationResponse><tds:Manufacturer>Acme</tds:Manufacturer><tds:Model>C-4</tds:Model>"
        "<tds:FirmwareVersion>1.2.3</tds:FirmwareVersion><tds:SerialNumber>AC00017</tds:SerialNumber>"
        "<tds:HardwareId>7</tds:HardwareId></tds:GetDeviceInformationResponse>"
    ),
    "GetNetworkInterfaces": envelope(
        '<tds:GetNetworkInterfacesResponse><tds:NetworkInterfaces token="eth0"><tt:Enabled>'
        "true</tt:Enabled><tt:Info>"
        "<tt:Name>eth0</tt:Name><tt:HwAddress>00:1B:C5:0A:0B:0C</tt:HwAddress></tt:Info><tt:Link><tt:AdminSettings>"
        "<tt:Speed>100</tt:Speed><tt:Duplex>Full</tt:Duplex></tt:AdminSettings></tt:Link></tds:NetworkInterfaces>"
        "</tds:GetNetworkInterfacesResponse>"
    ),
    "GetNetworkProtocols": envelope(
        "<tds:GetNetworkProtocolsResponse><tds:NetworkProtocols><tt:Name>RTSP</tt:Name><tt:Enabled>true</tt:Enabled>"
        "<tt:Port>8554</tt:Port></tds:NetworkProtocols></tds:GetNetworkProtocolsResponse>"
    ),
    "GetNTP": envelope(
        "<tds:GetNTPResponse><tds:NTPInformation><tt:FromDHCP>false</tt:FromDHCP><tt:NTPManual><tt:Type>IPv4</tt:Type>"
        "<tt:IPv4Address>192.0.2.1</tt:IPv4Address></tt:NTPManual></tds:NTPInformation></tds:GetNTPResponse>"
    ),
    "GetScopes": envelope(
        "<tds:GetScopesResponse><tds:Scopes><tt:ScopeDef>Fixed</tt:ScopeDef><tt:ScopeItem>"
        "onvif://www.onvif.org/Profile/T</tt:ScopeItem></tds:Scopes></tds:GetScopesResponse>"
    ),
    "GetUsers": envelope(
        "<tds:GetUsersResponse><tds:User><tt:Username>admin</tt:Username><tt:UserLevel>Administrator</tt:UserLevel>"
        "</tds:User></tds:GetUsersResponse>"
    ),
}


@asynccontextmanager
async def serving(device: FakeDevice, **site: Any) -> AsyncIterator[FakeDevice]:
    """The device on a free loopback port."""
    app = web.Application(client_max_size=1_000_000)
    app.router.add_route("*", "/{tail:.*}", device.serve)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    listener = web.TCPSite(runner, "127.0.0.1", 0, shutdown_timeout=0.1, **site)
    await listener.start()
    device.port = runner.addresses[0][1]
    try:
        yield device
    finally:
        await runner.cleanup()


async def read_post(reader: asyncio.StreamReader) -> bytes:
    """One whole request as it came."""
    head = await reader.readuntil(b"\r\n\r\n")
    return head + await reader.readexactly(int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0]))


async def pass_on(request: bytes, port: int, writer: asyncio.StreamWriter) -> None:
    """Give a request to a fake device, and its reply back: for peers that misbehave below HTTP."""
    reader, there = await asyncio.open_connection("127.0.0.1", port)
    there.write(request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
    reply = await reader.read()
    there.close()
    writer.write(reply.replace(b"Connection: close\r\n", b"", 1))
    await writer.drain()
