"""One ONVIF operation, typed by the WSDLs of onvif-zeep and sent as carefully as our own questions.

`ONVIFService` only, never `ONVIFCamera`: that one leaves an event subscription on every camera. The way in is
found by our own interview first, so that a wrong password is tried once and nothing is sent to another host.
"""

from __future__ import annotations

import base64
import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from camagent.app import read_config, shared_ledger
from camagent.app.onvif_transport import username_token, zeep_transport
from camagent.interrogate.interview import InterviewDoors, InterviewOptions, WayIn, find_way_in
from camagent.interrogate.replies import SoapFault
from camagent.model.device import DeviceTarget
from camagent.model.fault import Fault
from camagent.model.operator_error import OperatorError
from camagent.model.secret import Credential
from camagent.model.text import Message, message
from camagent.platform.system_clock import SystemClock
from camagent.wire.redaction import redact

# Nesting of a reply; a quarter of what the XML parser lets through.
MAX_DEPTH = 64
# Of a device's fault, on one line of a terminal.
MAX_REASON_CHARS = 300
# Operations named where the one asked for is unknown: devicemgmt alone has 90.
MAX_SUGGESTIONS = 8
DEVICE_SERVICE = "devicemgmt"


@dataclass(frozen=True, slots=True)
class Call:
    """What the operator wants done."""

    service: str
    operation: str
    arguments: dict[str, Any]


class CallFailed(Exception):
    """The device refused the call or could not be reached; `reason` is a sentence for the operator."""

    def __init__(self, reason: Message) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Wsdl:
    """A service as onvif-zeep ships it."""

    namespace: str
    path: Path
    binding: str


def find_wsdl(service: str) -> Wsdl:
    """The WSDL of a service; raises OperatorError for one that onvif-zeep does not have (Media2 above
    all)."""
    with _quiet_logging():
        import onvif

    if service == "media2":
        raise OperatorError(message("onvif.no_media2"))
    row = onvif.SERVICES.get(service)
    if row is None:
        raise OperatorError(
            message("onvif.unknown_service", service=service, services=", ".join(sorted(onvif.SERVICES)))
        )
    path = Path(onvif.__file__).parent.parent / "wsdl" / row["wsdl"]
    if not path.is_file():
        raise OperatorError(message("onvif.wsdl_missing", path=str(path)))
    return Wsdl(row["ns"], path, f"{{{row['ns']}}}{row['binding']}")


async def find_way(
    target: DeviceTarget, credential: Credential | None, tell: Callable[[Message], None]
) -> WayIn:
    """How this device lets the log-in in, by our own interview; `tell` hears what the operator should know.

    Raises: CallFailed where it does not, or does not answer.
    """
    with shared_ledger(read_config(None), tell) as ledger:
        way = await find_way_in(target, credential, InterviewOptions(), InterviewDoors(SystemClock(), ledger))
    if isinstance(way, Fault):
        raise CallFailed(message(f"faults.{way.code}"))
    return way


def open_client(wsdl: Wsdl, call: Call) -> Any:
    """zeep's client on this WSDL, before anything is sent; raises OperatorError for an unknown operation."""
    from zeep import Client, Settings

    with _quiet_logging():
        client = Client(str(wsdl.path), settings=Settings(strict=False, forbid_dtd=True))
    operations = client.wsdl.bindings[wsdl.binding].all()
    if call.operation not in operations:
        names = {name.lower(): name for name in operations}
        near = [
            names[n] for n in get_close_matches(call.operation.lower(), names, n=MAX_SUGGESTIONS, cutoff=0.4)
        ]
        raise OperatorError(
            message("onvif.unknown_operation", operation=call.operation, operations=", ".join(near) or "-")
        )
    return client


def send(client: Any, wsdl: Wsdl, call: Call, login: tuple[WayIn, Credential | None]) -> Any:
    """Send the call by onvif-zeep's ONVIFService and give the answer as plain values.

    Raises: CallFailed for what the device did, OperatorError for arguments that the WSDL does not know.
    """
    from onvif import ONVIFError, ONVIFService

    way, credential = login
    url = way.service_url
    if call.service != DEVICE_SERVICE:
        xaddr = next((s.xaddr for s in way.services if s.namespace == wsdl.namespace), None)
        if xaddr is None:
            raise CallFailed(message("onvif.service_missing", service=call.service))
        url = xaddr
    with _quiet_logging(), warnings.catch_warnings():
        # urllib3 on certificates that nobody signed; DeprecationWarning of onvif-zeep
        warnings.simplefilter("ignore")
        client.wsse, client.transport = username_token(way, credential), zeep_transport(way, credential)
        service = ONVIFService(url, "", "", str(wsdl.path), zeep_client=client, binding_name=wsdl.binding)
        try:
            return json_values(ONVIFService.to_dict(getattr(service, call.operation)(call.arguments)))
        except ONVIFError as error:
            needs = client.wsdl.bindings[wsdl.binding].get(call.operation).input.signature()
            raise _told(error, login, needs) from None  # its text may quote what was sent


def json_values(value: Any, depth: int = 0) -> Any:
    """zeep's objects as JSON values; addresses lose a user and password that stand in them."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if depth > MAX_DEPTH:
        return "…"
    if isinstance(value, dict):
        return {str(key): json_values(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_values(item, depth + 1) for item in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Decimal):
        return float(value)
    if hasattr(value, "tag"):  # an element of xsd:any that the WSDL has no type for
        from lxml import etree

        return redact(etree.tostring(value, encoding="unicode"))
    return redact(value if isinstance(value, str) else str(value))


def _told(error: BaseException, login: tuple[WayIn, Credential | None], needs: str) -> Exception:
    """What went wrong, from the chain of exceptions under onvif-zeep's own; never the text of a library."""
    from requests import exceptions as http
    from zeep import exceptions as soap

    chain = list(_chain(error))
    for cause in chain:
        if isinstance(cause, soap.TransportError):
            return CallFailed(
                _refusal(login) if cause.status_code == 401 else message("faults.malformed_reply")
            )
        if isinstance(cause, soap.Fault):
            reason = redact(" ".join(str(cause.message or "").split()))[:MAX_REASON_CHARS]
            codes = (str(cause.code or ""), *(str(code) for code in cause.subcodes or ()))
            refused = SoapFault(tuple(code.rpartition("}")[2].rpartition(":")[2] for code in codes), reason)
            return CallFailed(
                _refusal(login) if refused.refuses_login else message("onvif.fault", reason=reason or "-")
            )
        if isinstance(cause, soap.ValidationError) or (
            isinstance(cause, TypeError) and "argument" in str(cause)
        ):
            reason = " ".join(str(cause).split())[:MAX_REASON_CHARS]
            return OperatorError(
                message("onvif.bad_arguments", reason=reason, needs=needs[:MAX_REASON_CHARS] or "-")
            )
    kinds = (
        (http.Timeout, "timeout"),
        (http.TooManyRedirects, "refused_by_policy"),
        (http.SSLError, "tls_failed"),
    )
    for kind, code in (*kinds, (http.ConnectionError, "unreachable")):
        if any(isinstance(cause, kind) for cause in chain):
            return CallFailed(message(f"faults.{code}"))
    return CallFailed(message("faults.malformed_reply"))


def _refusal(login: tuple[WayIn, Credential | None]) -> Message:
    """Nobody logged in, or this one may not do that: a wrong one was refused before."""
    _, credential = login
    return message("onvif.login_wanted" if credential is None else "onvif.not_allowed")


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


@contextmanager
def _quiet_logging() -> Iterator[None]:
    """onvif-zeep installs a root handler on import, and zeep logs whole envelopes at DEBUG."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    for name in ("zeep", "urllib3", "requests", "onvif"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
