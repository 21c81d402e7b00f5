"""`camagent onvif`: one ONVIF operation, typed by the WSDLs of onvif-zeep; reading only, unless told
otherwise.

`ONVIFService` only, never `ONVIFCamera`: that one leaves an event subscription on every camera. The way in is
found by our own interview first, so that a wrong password is tried once and nothing is sent to another host.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from camagent.cli.check import read_login, read_target
from camagent.cli.language import t
from camagent.cli.mistakes import EXIT_READY, EXIT_UNDETERMINED
from camagent.cli.onvif_transport import username_token, zeep_transport
from camagent.cli.options import login_options
from camagent.model.operator_error import OperatorError
from camagent.model.text import message

if TYPE_CHECKING:
    from camagent.interrogate.interview import WayIn
    from camagent.model.device import DeviceTarget
    from camagent.model.secret import Credential

READING = "Get"  # by ONVIF's own naming every operation that only reads begins so
MAX_JSON_CHARS = 100_000  # far above any request that a person writes
MAX_DEPTH = 64  # nesting of a reply; a quarter of what the XML parser lets through
MAX_REASON_CHARS = 300  # of a device's fault, on one line of a terminal
MAX_SUGGESTIONS = 8  # operations named where the one asked for is unknown: devicemgmt alone has 90
DEVICE_SERVICE = "devicemgmt"


@dataclass(frozen=True, slots=True)
class Call:
    """What the operator wants done."""

    service: str
    operation: str
    arguments: dict[str, Any]


class CallFailed(Exception):
    """The device refused the call or could not be reached; the text is ready for the operator."""


@click.command(
    "onvif",
    help=t("onvif.help.command"),
    epilog=t(
        "cli.help.example", example="camagent onvif 192.168.1.64 devicemgmt GetDeviceInformation --user admin"
    ),
)
@click.argument("address", metavar="ADDRESS")
@click.argument("service", metavar="SERVICE")
@click.argument("operation", metavar="OPERATION")
@click.argument("arguments", metavar="[JSON]", default="{}")
@click.option("--write", is_flag=True, help=t("onvif.help.write"))
@login_options
def onvif_command(
    address: str, service: str, operation: str, arguments: str, write: bool, **login: Any
) -> int:
    """One call, its answer as JSON on stdout."""
    from camagent.model.device import DeviceTarget

    call = Call(service.lower(), operation, read_arguments(arguments))
    job = read_target(address, None)
    if not isinstance(job.target, DeviceTarget):
        raise OperatorError(message("onvif.not_a_device"))
    wsdl = find_wsdl(call.service)
    client = open_client(wsdl, call)
    if not operation.startswith(READING) and not write:
        raise OperatorError(message("onvif.would_write", operation=operation))
    credential = job.credential or read_login(**login)
    try:
        way = asyncio.run(_find_way(job.target, credential))
        answer = send(client, wsdl, call, (way, credential))
    except CallFailed as failed:
        click.echo(f"{job.target}: {failed}", err=True)
        return EXIT_UNDETERMINED
    click.echo(json.dumps(answer, ensure_ascii=False, indent=2))
    return EXIT_READY


def read_arguments(text: str) -> dict[str, Any]:
    """The operation's arguments; raises OperatorError for anything but a JSON object."""
    try:
        arguments = json.loads(text) if len(text) <= MAX_JSON_CHARS else None
    except (ValueError, RecursionError):
        arguments = None
    if not isinstance(arguments, dict):
        raise OperatorError(message("onvif.bad_json"))
    return arguments


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


async def _find_way(target: DeviceTarget, credential: Credential | None) -> WayIn:
    from camagent.app import read_config, shared_ledger
    from camagent.cli.run import warn_of
    from camagent.interrogate.interview import InterviewDoors, InterviewOptions, find_way_in
    from camagent.model.fault import Fault
    from camagent.platform.system_clock import SystemClock

    with shared_ledger(read_config(None), warn_of) as ledger:
        way = await find_way_in(target, credential, InterviewOptions(), InterviewDoors(SystemClock(), ledger))
    if isinstance(way, Fault):
        raise CallFailed(t(f"faults.{way.code}"))
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
        found = next((s.xaddr for s in way.services if s.namespace == wsdl.namespace), None)
        if found is None:
            raise CallFailed(t("onvif.service_missing", service=call.service))
        url = found
    with _quiet_logging(), warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # urllib3 on certificates that nobody signed; DeprecationWarning of onvif-zeep
        client.wsse, client.transport = username_token(way, credential), zeep_transport(way, credential)
        service = ONVIFService(url, "", "", str(wsdl.path), zeep_client=client, binding_name=wsdl.binding)
        try:
            return plain(ONVIFService.to_dict(getattr(service, call.operation)(call.arguments)))
        except ONVIFError as error:
            needs = client.wsdl.bindings[wsdl.binding].get(call.operation).input.signature()
            raise _told(error, login, needs) from None  # its text may quote what was sent


def plain(value: Any, depth: int = 0) -> Any:
    """zeep's objects as JSON values; addresses lose a user and password that stand in them."""
    from camagent.wire.redaction import redact

    if value is None or isinstance(value, bool | int | float):
        return value
    if depth > MAX_DEPTH:
        return "…"
    if isinstance(value, dict):
        return {str(key): plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, depth + 1) for item in value]
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

    from camagent.interrogate.replies import SoapFault
    from camagent.wire.redaction import redact

    chain = list(_chain(error))
    for cause in chain:
        if isinstance(cause, soap.TransportError):
            return CallFailed(_refusal(login) if cause.status_code == 401 else t("faults.malformed_reply"))
        if isinstance(cause, soap.Fault):
            reason = redact(" ".join(str(cause.message or "").split()))[:MAX_REASON_CHARS]
            codes = (str(cause.code or ""), *(str(code) for code in cause.subcodes or ()))
            refused = SoapFault(tuple(code.rpartition("}")[2].rpartition(":")[2] for code in codes), reason)
            return CallFailed(
                _refusal(login) if refused.refuses_login else t("onvif.fault", reason=reason or "-")
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
            return CallFailed(t(f"faults.{code}"))
    return CallFailed(t("faults.malformed_reply"))


def _refusal(login: tuple[WayIn, Credential | None]) -> str:
    """Nobody logged in, the wrong one did, or this one may not do that."""
    way, credential = login
    if credential is None:
        return t("onvif.login_wanted")
    return t("faults.auth_rejected") if way.scheme is None else t("onvif.not_allowed")


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
