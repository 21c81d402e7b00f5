"""The Device service of a simulated camera (devicemgmt.wsdl): request to reply text. Pure; time is told
it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from camagent.model.onvif import ONVIF_PATHS, SCOPES
from camagent.simulator.onvif_xml import NAMESPACES, SoapRequest, element, leaf, text
from camagent.simulator.simulated_camera import SimulatedCamera

Reply = Callable[[SimulatedCamera, SoapRequest, datetime], str]
_POSIX_OFFSET = re.compile(r"^(?:<[^>]+>|[A-Za-z]+)([+-]?\d{1,2})(?::(\d{2}))?")
SERVICE_PATHS = {
    "tds": ONVIF_PATHS[0],
    "trt": "/onvif/media_service",
    "tr2": "/onvif/media2_service",
    "timg": "/onvif/imaging_service",
    "trc": "/onvif/recording_service",
    "tse": "/onvif/search_service",
    "trp": "/onvif/replay_service",
}


def utc_offset(time_zone: str) -> timedelta:
    """East of Greenwich, from a POSIX zone such as ICT-7 (whose sign is the other way round)."""
    match = _POSIX_OFFSET.match(time_zone)
    if match is None:
        return timedelta(0)
    hours, minutes = int(match[1]), int(match[2] or 0)
    return -timedelta(hours=hours, minutes=-minutes if match[1].startswith("-") else minutes)


def scopes(camera: SimulatedCamera) -> tuple[str, ...]:
    """Percent-encoded, as ONVIF Core §7.3.3 asks of names in any language."""
    root = SCOPES.rstrip("/")
    names = (f"{root}/name/{quote(camera.name)}", f"{root}/location/{quote(camera.place)}")
    kinds = (
        f"{root}/type/video_encoder",
        f"{root}/Profile/Streaming",
        *((f"{root}/Profile/T",) if camera.media2 else ()),
        *((f"{root}/Profile/G",) if camera.kept else ()),
    )
    return (*names, f"{root}/hardware/{quote(camera.model)}", *kinds)


def xaddr(camera: SimulatedCamera, service: str) -> str:
    """A service's address as the device states it."""
    host = camera.faults.stated_host or camera.address
    return f"http://{host}:{camera.http_port}{SERVICE_PATHS[service]}"


def services(camera: SimulatedCamera) -> tuple[str, ...]:
    """Prefixes of the services that it has."""
    media = ("trt", "tr2") if camera.media2 else ("trt",)
    return ("tds", *media, "timg", *(("trc", "tse", "trp") if camera.kept else ()))


def _system_date_and_time(camera: SimulatedCamera, request: SoapRequest, now: datetime) -> str:
    local = now + utc_offset(camera.time_zone)
    return element(
        "tds:GetSystemDateAndTimeResponse",
        element(
            "tds:SystemDateAndTime",
            leaf("tt:DateTimeType", "NTP" if _takes_ntp(camera) else "Manual"),
            leaf("tt:DaylightSavings", str(camera.daylight_saving).lower()),
            element("tt:TimeZone", leaf("tt:TZ", camera.time_zone)),
            _date_time("tt:UTCDateTime", now),
            _date_time("tt:LocalDateTime", local),
        ),
    )


def _takes_ntp(camera: SimulatedCamera) -> bool:
    return not camera.manual_clock and bool(camera.ntp_servers or camera.ntp_from_dhcp)


def _date_time(name: str, at: datetime) -> str:
    clock = element(
        "tt:Time", leaf("tt:Hour", at.hour), leaf("tt:Minute", at.minute), leaf("tt:Second", at.second)
    )
    return element(
        name,
        clock,
        element("tt:Date", leaf("tt:Year", at.year), leaf("tt:Month", at.month), leaf("tt:Day", at.day)),
    )


def _services(camera: SimulatedCamera, request: SoapRequest, now: datetime) -> str:
    version = element("tds:Version", leaf("tt:Major", 2), leaf("tt:Minor", 60))
    entries = (
        element(
            "tds:Service",
            leaf("tds:Namespace", NAMESPACES[prefix]),
            leaf("tds:XAddr", xaddr(camera, prefix)),
            version,
        )
        for prefix in services(camera)
    )
    return element("tds:GetServicesResponse", *entries)


def _capabilities(camera: SimulatedCamera, request: SoapRequest, now: datetime) -> str:
    streaming = "".join(leaf(f"tt:{name}", "true") for name in ("RTPMulticast", "RTP_TCP", "RTP_RTSP_TCP"))
    return element(
        "tds:GetCapabilitiesResponse",
        element(
            "tds:Capabilities",
            element("tt:Device", leaf("tt:XAddr", xaddr(camera, "tds"))),
            element("tt:Imaging", leaf("tt:XAddr", xaddr(camera, "timg"))),
            element(
                "tt:Media",
                leaf("tt:XAddr", xaddr(camera, "trt")),
                element("tt:StreamingCapabilities", streaming),
            ),
            _recorder_capabilities(camera) if camera.kept else "",
        ),
    )


def _recorder_capabilities(camera: SimulatedCamera) -> str:
    fixed = "".join(leaf(f"tt:{name}", "false") for name in ("ReceiverSource", "MediaProfileSource"))
    fixed += "".join(leaf(f"tt:{name}", "false") for name in ("DynamicRecordings", "DynamicTracks"))
    return element(
        "tt:Extension",
        element(
            "tt:Recording", leaf("tt:XAddr", xaddr(camera, "trc")), fixed, leaf("tt:MaxStringLength", 128)
        ),
        element("tt:Search", leaf("tt:XAddr", xaddr(camera, "tse")), leaf("tt:MetadataSearch", "false")),
        element("tt:Replay", leaf("tt:XAddr", xaddr(camera, "trp"))),
    )


def _service_capabilities(camera: SimulatedCamera, request: SoapRequest, now: datetime) -> str:
    security = {
        "TLS1.2": str(camera.https_port is not None).lower(),
        "UsernameToken": str(camera.wsse).lower(),
        "HttpDigest": str(camera.http_digest).lower(),
    }
    parts = (element("tds:Network"), element("tds:Security", **security), element("tds:System"))
    return element("tds:GetServiceCapabilitiesResponse", element("tds:Capabilities", *parts))


def _device_information(camera: SimulatedCamera, request: SoapRequest, now: datetime) -> str:
    return element(
        "tds:GetDeviceInformationResponse",
        leaf("tds:Manufacturer", camera.manufacturer),
        leaf("tds:Model", camera.model),
        leaf("tds:FirmwareVersion", camera.firmware),
        leaf("tds:SerialNumber", camera.serial),
        leaf("tds:HardwareId", camera.model),
    )


def _network_interfaces(camera: SimulatedCamera, request: SoapRequest, now: datetime) -> str:
    settings = leaf("tt:AutoNegotiation", "true") + leaf("tt:Speed", 100) + leaf("tt:Duplex", "Full")
    manual = element("tt:Manual", leaf("tt:Address", camera.address), leaf("tt:PrefixLength", 8))
    return element(
        "tds:GetNetworkInterfacesResponse",
        element(
            "tds:NetworkInterfaces",
            leaf("tt:Enabled", "true"),
            element(
                "tt:Info", leaf("tt:Name", "eth0"), leaf("tt:HwAddress", camera.mac), leaf("tt:MTU", 1500)
            ),
            element(
                "tt:Link",
                element("tt:AdminSettings", settings),
                element("tt:OperSettings", settings),
                leaf("tt:InterfaceType", 6),
            ),
            element(
                "tt:IPv4", leaf("tt:Enabled", "true"), element("tt:Config", manual, leaf("tt:DHCP", "false"))
            ),
            token="eth0",
        ),
    )


def _network_protocols(camera: SimulatedCamera, request: SoapRequest, now: datetime) -> str:
    secure = ("HTTPS", "false", 443) if camera.https_port is None else ("HTTPS", "true", camera.https_port)
    rows = (("HTTP", "true", camera.http_port), secure, ("RTSP", "true", camera.rtsp_port))
    listed = (
        element(
            "tds:NetworkProtocols", leaf("tt:Name", name), leaf("tt:Enabled", enabled), leaf("tt:Port", port)
        )
        for name, enabled, port in rows
    )
    return element("tds:GetNetworkProtocolsResponse", *listed)


def _ntp(camera: SimulatedCamera, request: SoapRequest, now: datetime) -> str:
    by_dhcp = camera.ntp_from_dhcp
    servers = () if by_dhcp else (_time_server(name) for name in camera.ntp_servers)
    information = element("tds:NTPInformation", leaf("tt:FromDHCP", str(by_dhcp).lower()), *servers)
    return element("tds:GetNTPResponse", information)


def _time_server(name: str) -> str:
    is_address = name.replace(".", "").isdigit()
    kind, field = ("IPv4", "tt:IPv4Address") if is_address else ("DNS", "tt:DNSname")
    return element("tt:NTPManual", leaf("tt:Type", kind), leaf(field, name))


def _gateway(camera: SimulatedCamera, request: SoapRequest, now: datetime) -> str:
    stated = (leaf("tt:IPv4Address", address) for address in camera.gateways)
    return element("tds:GetNetworkDefaultGatewayResponse", element("tds:NetworkGateway", *stated))


def _dns(camera: SimulatedCamera, request: SoapRequest, now: datetime) -> str:
    servers = (
        element("tt:DNSManual", leaf("tt:Type", "IPv4"), leaf("tt:IPv4Address", address))
        for address in camera.dns_servers
    )
    stated = element("tds:DNSInformation", leaf("tt:FromDHCP", "false"), *servers)
    return element("tds:GetDNSResponse", stated)


def _hostname(camera: SimulatedCamera, request: SoapRequest, now: datetime) -> str:
    parts = leaf("tt:FromDHCP", "false") + leaf(
        "tt:Name", camera.hostname or f"cam-{camera.serial[-4:].lower()}"
    )
    return element("tds:GetHostnameResponse", element("tds:HostnameInformation", parts))


def _scopes(camera: SimulatedCamera, request: SoapRequest, now: datetime) -> str:
    rows = (
        element(
            "tds:Scopes",
            leaf("tt:ScopeDef", "Fixed" if "/type/" in item else "Configurable"),
            leaf("tt:ScopeItem", item),
        )
        for item in scopes(camera)
    )
    return element("tds:GetScopesResponse", *rows)


def _discovery_mode(camera: SimulatedCamera, request: SoapRequest, now: datetime) -> str:
    mode = "Discoverable" if camera.discoverable else "NonDiscoverable"
    return element("tds:GetDiscoveryModeResponse", leaf("tds:DiscoveryMode", mode))


def _users(camera: SimulatedCamera, request: SoapRequest, now: datetime) -> str:
    accounts = ((camera.door.user or "admin", camera.account_level), *camera.other_users)
    rows = (
        element("tds:User", leaf("tt:Username", name), leaf("tt:UserLevel", level))
        for name, level in accounts
    )
    return element("tds:GetUsersResponse", *rows)


def _imaging_settings(camera: SimulatedCamera, request: SoapRequest, now: datetime) -> str:
    wide = element("tt:WideDynamicRange", leaf("tt:Mode", "OFF"))
    settings = leaf("tt:Brightness", 50) + leaf("tt:IrCutFilter", "AUTO") + wide
    return element("timg:GetImagingSettingsResponse", element("timg:ImagingSettings", settings))


REPLIES: dict[tuple[str, str], Reply] = {
    ("tds", "GetSystemDateAndTime"): _system_date_and_time,
    ("tds", "GetServices"): _services,
    ("tds", "GetCapabilities"): _capabilities,
    ("tds", "GetServiceCapabilities"): _service_capabilities,
    ("tds", "GetDeviceInformation"): _device_information,
    ("tds", "GetNetworkInterfaces"): _network_interfaces,
    ("tds", "GetNetworkProtocols"): _network_protocols,
    ("tds", "GetNTP"): _ntp,
    ("tds", "GetNetworkDefaultGateway"): _gateway,
    ("tds", "GetDNS"): _dns,
    ("tds", "GetHostname"): _hostname,
    ("tds", "GetScopes"): _scopes,
    ("tds", "GetDiscoveryMode"): _discovery_mode,
    ("tds", "GetUsers"): _users,
    ("timg", "GetImagingSettings"): _imaging_settings,
}
PRE_AUTH = frozenset(
    {"GetSystemDateAndTime", "GetServices", "GetCapabilities", "GetServiceCapabilities", "GetHostname"}
)
"""ONVIF Core §5.9.4.3: answered to anyone, so that a client can learn how to log in."""


def device_now(camera: SimulatedCamera, real_now: datetime) -> datetime:
    """The time that the camera believes, in UTC."""
    return real_now.astimezone(UTC) + timedelta(seconds=camera.clock_offset_s)


def media_uri(camera: SimulatedCamera, path: str) -> str:
    """A stream's address as the device states it."""
    host = camera.faults.stated_host or camera.address
    return text(f"rtsp://{host}:{camera.rtsp_port}{path}")
