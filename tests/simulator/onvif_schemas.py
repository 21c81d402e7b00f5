"""ONVIF's own schemas (26.06, in the test set-up), and what of a message they refuse.

libxml2 refuses the schemas themselves: they are written in XSD 1.1.
"""

from __future__ import annotations

import warnings
from functools import cache
from pathlib import Path
from typing import Any

import xmlschema
from lxml import etree

from tests.peers.launch import WSDLS

SOAP = "{http://www.w3.org/2003/05/soap-envelope}"
_SCHEMA = "{http://www.w3.org/2001/XMLSchema}schema"
_SERVICES = (
    "ver10/device/wsdl/devicemgmt.wsdl",
    "ver10/media/wsdl/media.wsdl",
    "ver20/media/wsdl/media.wsdl",
    "ver20/imaging/wsdl/imaging.wsdl",
    "ver20/ptz/wsdl/ptz.wsdl",
    "ver10/events/wsdl/event.wsdl",
    "ver10/recording.wsdl",
    "ver10/search.wsdl",
    "ver10/replay.wsdl",
)


@cache
def schemas() -> Any:
    """All services in one schema; two seconds of processor."""
    first, *others = (_inline(WSDLS / service) for service in _SERVICES)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole = xmlschema.XMLSchema11(first, allow="local", build=False)
        for other in others:
            whole.add_schema(other)
        whole.build()
    return whole


def _inline(wsdl: Path) -> str:
    """The schema inside a WSDL; what it imports is named by its whole path."""
    schema = etree.parse(str(wsdl)).find(f".//{_SCHEMA}")
    assert schema is not None
    for child in schema.iterchildren(etree.Element):
        place = child.get("schemaLocation")
        if place is not None:
            child.set("schemaLocation", (wsdl.parent / place).resolve().as_uri())
    return str(etree.tostring(schema, encoding="unicode"))


def refused(envelope: str | bytes) -> list[str]:
    """What the schemas say against a SOAP 1.2 message; empty: it is valid."""
    root = etree.fromstring(envelope.encode() if isinstance(envelope, str) else envelope)
    content = root.find(f"{SOAP}Body/*")
    if content is None:
        return ["nothing in the body"]
    maps = schemas().maps
    if content.tag not in maps.elements:
        return [f"{content.tag} is no message of ONVIF"]
    return [f"{error.path}: {error.reason}" for error in maps.elements[root.tag].iter_errors(root)]
