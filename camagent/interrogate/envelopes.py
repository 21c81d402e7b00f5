"""SOAP 1.2 envelopes for the questions that we ask. Pure.

The Body carries the two schema prefixes and nothing stands between it and the operation: some simple devices and mocks
find the operation with a regular expression instead of an XML parser.
"""

from __future__ import annotations

from dataclasses import dataclass
from xml.sax.saxutils import escape

from camagent.model.onvif import DEVICE_NS, MEDIA1_NS, MEDIA2_NS, SCHEMA_NS, SEARCH_NS

_ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope">{header}'
    '<s:Body xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema">'
    '<{operation} xmlns="{namespace}">{content}</{operation}></s:Body></s:Envelope>'
)


@dataclass(frozen=True, slots=True)
class Question:
    """One reading operation of one service."""

    operation: str
    namespace: str
    content: str = ""
    """XML inside the operation, already escaped."""

    @property
    def action(self) -> str:
        """The SOAP action, as Content-Type and WS-Addressing name it."""
        return f"{self.namespace}/{self.operation}"


def render_envelope(question: Question, header_blocks: str = "") -> bytes:
    """The request body."""
    header = f"<s:Header>{header_blocks}</s:Header>" if header_blocks else ""
    return _ENVELOPE.format(
        header=header, operation=question.operation, namespace=question.namespace, content=question.content
    ).encode()


def addressing_blocks(question: Question, url: str, message_id: str) -> str:
    """WS-Addressing headers, for devices that answer nothing without them (home-assistant/core#45513)."""
    wsa = 'xmlns="http://www.w3.org/2005/08/addressing"'
    return (
        f"<Action {wsa}>{escape(question.action)}</Action><MessageID {wsa}>urn:uuid:{message_id}</MessageID>"
        f"<To {wsa}>{escape(url)}</To>"
    )


GET_CLOCK = Question("GetSystemDateAndTime", DEVICE_NS)
GET_SERVICES = Question("GetServices", DEVICE_NS, "<IncludeCapability>false</IncludeCapability>")
GET_CAPABILITIES = Question("GetCapabilities", DEVICE_NS, "<Category>All</Category>")
GET_INFORMATION = Question("GetDeviceInformation", DEVICE_NS)
GET_INTERFACES = Question("GetNetworkInterfaces", DEVICE_NS)
GET_PROTOCOLS = Question("GetNetworkProtocols", DEVICE_NS)
GET_NTP = Question("GetNTP", DEVICE_NS)
GET_SCOPES = Question("GetScopes", DEVICE_NS)
GET_USERS = Question("GetUsers", DEVICE_NS)
GET_MEDIA1_PROFILES = Question("GetProfiles", MEDIA1_NS)
GET_MEDIA2_PROFILES = Question("GetProfiles", MEDIA2_NS, "<Type>VideoEncoder</Type><Type>VideoSource</Type>")
GET_MEDIA2_PROFILES_ALL = Question("GetProfiles", MEDIA2_NS, "<Type>All</Type>")
GET_DEVICE_CAPABILITIES = Question("GetServiceCapabilities", DEVICE_NS)
GET_MEDIA2_CAPABILITIES = Question("GetServiceCapabilities", MEDIA2_NS)
GET_RECORDING_SUMMARY = Question("GetRecordingSummary", SEARCH_NS)


def get_stream_uri(service_namespace: str, token: str, protocol: str = "RTSP") -> Question:
    """GetStreamUri for RTSP over UDP or interleaved TCP (never RTSP over HTTP: agsh/onvif#328).

    Some Media2 devices know only one of the words "RTSP" and "RtspUnicast" for what is the same address.
    """
    name = escape(token)
    if service_namespace == MEDIA2_NS:
        return Question(
            "GetStreamUri", MEDIA2_NS, f"<Protocol>{protocol}</Protocol><ProfileToken>{name}</ProfileToken>"
        )
    setup = (
        f'<StreamSetup><Stream xmlns="{SCHEMA_NS}">RTP-Unicast</Stream>'
        f'<Transport xmlns="{SCHEMA_NS}"><Protocol>RTSP</Protocol></Transport></StreamSetup>'
    )
    return Question("GetStreamUri", MEDIA1_NS, f"{setup}<ProfileToken>{name}</ProfileToken>")


def get_snapshot_uri(service_namespace: str, token: str) -> Question:
    """GetSnapshotUri of either media service: where one picture could be had; the question itself makes none."""
    return Question("GetSnapshotUri", service_namespace, f"<ProfileToken>{escape(token)}</ProfileToken>")


def get_encoder_options(service_namespace: str, configuration: str, media_profile: str) -> Question:
    """GetVideoEncoderConfigurationOptions for one encoder as used in one media profile."""
    content = (
        f"<ConfigurationToken>{escape(configuration)}</ConfigurationToken>"
        f"<ProfileToken>{escape(media_profile)}</ProfileToken>"
    )
    return Question("GetVideoEncoderConfigurationOptions", service_namespace, content)
