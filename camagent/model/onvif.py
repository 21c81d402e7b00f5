"""What ONVIF and common practice fix for all devices: namespaces, ports, paths, scopes. Pure.

Sources: ONVIF Core, Media, Media 2, Imaging and Recording Search specifications; the ports of the makers'
manuals.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import unquote

from camagent.model.printable import printable_line

DEVICE_NS = "http://www.onvif.org/ver10/device/wsdl"
NETWORK_NS = "http://www.onvif.org/ver10/network/wsdl"
MEDIA1_NS = "http://www.onvif.org/ver10/media/wsdl"
MEDIA2_NS = "http://www.onvif.org/ver20/media/wsdl"
IMAGING_NS = "http://www.onvif.org/ver20/imaging/wsdl"
SEARCH_NS = "http://www.onvif.org/ver10/search/wsdl"
RECORDING_NS = "http://www.onvif.org/ver10/recording/wsdl"
REPLAY_NS = "http://www.onvif.org/ver10/replay/wsdl"
SCHEMA_NS = "http://www.onvif.org/ver10/schema"
ERROR_NS = "http://www.onvif.org/ver10/error"
SOAP_NS = "http://www.w3.org/2003/05/soap-envelope"  # of SOAP 1.2
DISCOVERY_NS = "http://schemas.xmlsoap.org/ws/2005/04/discovery"  # of WS-Discovery as ONVIF has it
DISCOVERY_ADDRESSING_NS = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
DISCOVERY_TO = "urn:schemas-xmlsoap-org:ws:2005:04:discovery"
GROUP_V4, GROUP_V6, DISCOVERY_PORT = "239.255.255.250", "ff02::c", 3702
TOPIC_DIALECT = "http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet"

CAPABILITY_NAMESPACES = {
    "device": DEVICE_NS,
    "media": MEDIA1_NS,
    "media2": MEDIA2_NS,
    "imaging": IMAGING_NS,
    "search": SEARCH_NS,
    "analytics": "http://www.onvif.org/ver20/analytics/wsdl",
    "events": "http://www.onvif.org/ver10/events/wsdl",
    "ptz": "http://www.onvif.org/ver20/ptz/wsdl",
    "recording": RECORDING_NS,
    "replay": REPLAY_NS,
    "deviceio": "http://www.onvif.org/ver10/deviceIO/wsdl",
}
"""The names of GetCapabilities, in lower case, and the services that they stand for."""

NO_ADDRESS = frozenset({"", "0.0.0.0", "::"})
"""What devices write where no server and no gateway is set."""

PROFILE_SERVICES = {"S": ("media",), "T": ("media2",), "G": ("search", "replay")}
"""Services (names of CAPABILITY_NAMESPACES) that a device of a profile has to have: ONVIF Profile S, T and G
Specifications, mandatory features."""

ONVIF_PATHS = ("/onvif/device_service", "/onvif/services", "/onvif/service")
"""Where device services live: the standard's, Axis' (edgexfoundry/device-onvif-camera#195), Tapo's
(agsh/onvif#207)."""
ONVIF_PORTS = (80, 8000, 8080, 8899, 2020, 443)
"""Where ONVIF is asked for, in this order, while nobody named a port."""
ONVIF_SEARCH_PORTS = (*ONVIF_PORTS, 81, 85, 88, 888, 5000, 6688, 8081, 8086, 10080)
"""The same for a search, where a closed port costs one packet: ONVIF was met there too, where installers move
the web server out of the way of another one."""
RTSP_PORTS = (554, 8554, 5554, 322, 8322, 10554)
TLS_PORTS = frozenset({322, 443, 4443, 8322, 8443})
"""Ports on which TLS is spoken from the first byte, of web and RTSP alike."""

SCOPES = "onvif://www.onvif.org/"
MAX_SCOPE_VALUE_CHARS = 80  # a name or a model for a table


def scope_values(scopes: Sequence[str], kind: str) -> tuple[str, ...]:
    """Every value of that kind ("name", "hardware", "Profile" …), as written; cameras vary case, blanks and
    slashes."""
    head = f"{SCOPES}{kind}/".lower()
    texts = (scope.strip() for scope in scopes)
    return tuple(text[len(head) :].strip("/") for text in texts if text.lower().startswith(head))


def scope_value(scopes: Sequence[str], kind: str) -> str | None:
    """What a device says of itself in its scopes, for example its "name" or "hardware"; one printable
    line."""
    values = (unquote(value).replace("_", " ") for value in scope_values(scopes, kind))
    return next((line for v in values if (line := printable_line(v, MAX_SCOPE_VALUE_CHARS, ""))), None)


def claimed_profiles(scopes: Sequence[str]) -> tuple[str, ...]:
    """Letters of the ONVIF profiles that the scopes claim, each once; Profile S writes itself "Streaming"."""
    words = (unquote(value).partition("/")[0].strip().upper() for value in scope_values(scopes, "Profile"))
    letters = ("S" if word == "STREAMING" else word for word in words)
    return tuple(dict.fromkeys(letter for letter in letters if len(letter) == 1 and letter.isascii()))
