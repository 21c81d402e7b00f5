"""SOAP 1.2 envelopes for the questions that we ask. Pure.

The Body carries the two schema prefixes and nothing stands between it and the operation: some simple devices
and mocks find the operation with a regular expression instead of an XML parser.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from camagent.interrogate.device_replies import (
    parse_capabilities,
    parse_clock,
    parse_device_capabilities,
    parse_dns,
    parse_gateway,
    parse_information,
    parse_interfaces,
    parse_media_capabilities,
    parse_ntp,
    parse_protocols,
    parse_recording_summary,
    parse_scopes,
    parse_services,
    parse_users,
)
from camagent.interrogate.media_replies import (
    StatedUri,
    parse_encoders,
    parse_media1_options,
    parse_media1_profiles,
    parse_media2_options,
    parse_media2_profiles,
    parse_snapshot_address,
    parse_stream_address,
)
from camagent.interrogate.source_modes import parse_source_modes
from camagent.model.device import EncoderOptions, EncoderSettings
from camagent.model.onvif import DEVICE_NS, MEDIA1_NS, MEDIA2_NS, SCHEMA_NS, SEARCH_NS, SOAP_NS
from camagent.model.source_mode import SourceMode
from camagent.model.uri import StreamUri
from camagent.wire.xml import Node, as_xml_text

T = TypeVar("T")

SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"
_ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<s:Envelope xmlns:s="{soap}">{header}'
    '<s:Body xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema">'
    '<{operation} xmlns="{namespace}">{content}</{operation}></s:Body></s:Envelope>'
)


@dataclass(frozen=True, slots=True)
class Question(Generic[T]):
    """One reading operation of one service."""

    operation: str
    namespace: str
    read: Callable[[Node], T]
    """What its response says; total."""
    content: str = ""
    """XML inside the operation, already escaped."""

    @property
    def action(self) -> str:
        """The SOAP action, as Content-Type and WS-Addressing name it."""
        return f"{self.namespace}/{self.operation}"


def render_envelope(question: Question[T], header_blocks: str = "", soap: str = SOAP_NS) -> bytes:
    """The request body; `soap` is the namespace of the envelope."""
    header = f"<s:Header>{header_blocks}</s:Header>" if header_blocks else ""
    name, content = question.operation, question.content
    return _ENVELOPE.format(
        soap=soap, header=header, operation=name, namespace=question.namespace, content=content
    ).encode()


def content_headers(action: str, names_action: bool, soap: str) -> tuple[tuple[str, str], ...]:
    """The headers that say what the body is: SOAP 1.2 with or without the action, SOAP 1.1 with one of its
    own."""
    if soap == SOAP_11:
        return ("Content-Type", "text/xml; charset=utf-8"), ("SOAPAction", f'"{action}"')
    named = f'; action="{action}"' if names_action else ""
    return (("Content-Type", f"application/soap+xml; charset=utf-8{named}"),)


def addressing_blocks(question: Question[T], url: str, message_id: str) -> str:
    """WS-Addressing headers, for devices that answer nothing without them (home-assistant/core#45513)."""
    wsa = 'xmlns="http://www.w3.org/2005/08/addressing"'
    return (
        f"<Action {wsa}>{as_xml_text(question.action)}</Action>"
        f"<MessageID {wsa}>urn:uuid:{message_id}</MessageID>"
        f"<To {wsa}>{as_xml_text(url)}</To>"
    )


GET_CLOCK = Question("GetSystemDateAndTime", DEVICE_NS, parse_clock)
GET_SERVICES = Question(
    "GetServices", DEVICE_NS, parse_services, "<IncludeCapability>false</IncludeCapability>"
)
GET_CAPABILITIES = Question("GetCapabilities", DEVICE_NS, parse_capabilities, "<Category>All</Category>")
GET_INFORMATION = Question("GetDeviceInformation", DEVICE_NS, parse_information)
GET_INTERFACES = Question("GetNetworkInterfaces", DEVICE_NS, parse_interfaces)
GET_PROTOCOLS = Question("GetNetworkProtocols", DEVICE_NS, parse_protocols)
GET_NTP = Question("GetNTP", DEVICE_NS, parse_ntp)
GET_GATEWAY = Question("GetNetworkDefaultGateway", DEVICE_NS, parse_gateway)
GET_DNS = Question("GetDNS", DEVICE_NS, parse_dns)
GET_SCOPES = Question("GetScopes", DEVICE_NS, parse_scopes)
GET_USERS = Question("GetUsers", DEVICE_NS, parse_users)
GET_MEDIA1_PROFILES = Question("GetProfiles", MEDIA1_NS, parse_media1_profiles)
GET_MEDIA2_PROFILES = Question(
    "GetProfiles", MEDIA2_NS, parse_media2_profiles, "<Type>VideoEncoder</Type><Type>VideoSource</Type>"
)
GET_MEDIA2_PROFILES_ALL = Question("GetProfiles", MEDIA2_NS, parse_media2_profiles, "<Type>All</Type>")
GET_DEVICE_CAPABILITIES = Question("GetServiceCapabilities", DEVICE_NS, parse_device_capabilities)
GET_MEDIA1_CAPABILITIES = Question("GetServiceCapabilities", MEDIA1_NS, parse_media_capabilities)
GET_MEDIA2_CAPABILITIES = Question("GetServiceCapabilities", MEDIA2_NS, parse_media_capabilities)
GET_MEDIA1_ENCODERS = Question("GetVideoEncoderConfigurations", MEDIA1_NS, parse_encoders)
GET_MEDIA2_ENCODERS = Question("GetVideoEncoderConfigurations", MEDIA2_NS, parse_encoders)
GET_RECORDING_SUMMARY = Question("GetRecordingSummary", SEARCH_NS, parse_recording_summary)


def get_stream_uri(service_namespace: str, token: str, protocol: str = "RTSP") -> Question[StatedUri | None]:
    """GetStreamUri for RTSP over UDP or interleaved TCP (never RTSP over HTTP: agsh/onvif#328).

    Some Media2 devices know only one of the words "RTSP" and "RtspUnicast" for what is the same address.
    """
    name = as_xml_text(token)
    if service_namespace == MEDIA2_NS:
        return Question(
            "GetStreamUri",
            MEDIA2_NS,
            parse_stream_address,
            f"<Protocol>{protocol}</Protocol><ProfileToken>{name}</ProfileToken>",
        )
    setup = (
        f'<StreamSetup><Stream xmlns="{SCHEMA_NS}">RTP-Unicast</Stream>'
        f'<Transport xmlns="{SCHEMA_NS}"><Protocol>RTSP</Protocol></Transport></StreamSetup>'
    )
    return Question(
        "GetStreamUri", MEDIA1_NS, parse_stream_address, f"{setup}<ProfileToken>{name}</ProfileToken>"
    )


def get_snapshot_uri(service_namespace: str, token: str) -> Question[StreamUri | None]:
    """GetSnapshotUri of either media service: where one picture could be had; the question itself makes
    none."""
    return Question(
        "GetSnapshotUri",
        service_namespace,
        parse_snapshot_address,
        f"<ProfileToken>{as_xml_text(token)}</ProfileToken>",
    )


def get_encoder_options(
    service_namespace: str, configuration: str, media_profile: str
) -> Question[tuple[EncoderOptions, ...]]:
    """GetVideoEncoderConfigurationOptions for one encoder as used in one media profile."""
    content = (
        f"<ConfigurationToken>{as_xml_text(configuration)}</ConfigurationToken>"
        f"<ProfileToken>{as_xml_text(media_profile)}</ProfileToken>"
    )
    read = parse_media2_options if service_namespace == MEDIA2_NS else parse_media1_options
    return Question("GetVideoEncoderConfigurationOptions", service_namespace, read, content)


def get_encoders_of_profile(media_profile: str) -> Question[tuple[EncoderSettings, ...]]:
    """GetVideoEncoderConfigurations of Media2 that one media profile may use."""
    content = f"<ProfileToken>{as_xml_text(media_profile)}</ProfileToken>"
    return Question("GetVideoEncoderConfigurations", MEDIA2_NS, parse_encoders, content)


def get_source_modes(service_namespace: str, source: str) -> Question[tuple[SourceMode, ...]]:
    """GetVideoSourceModes of one video source."""
    content = f"<VideoSourceToken>{as_xml_text(source)}</VideoSourceToken>"
    return Question("GetVideoSourceModes", service_namespace, parse_source_modes, content)
