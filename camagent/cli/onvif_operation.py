"""`camagent onvif`: one ONVIF operation; reading only, unless told otherwise."""

from __future__ import annotations

import json
from typing import Any

import click

from camagent.cli.language import t, tm
from camagent.cli.mistakes import EXIT_READY, EXIT_UNDETERMINED
from camagent.cli.options import login_options
from camagent.cli.typed_targets import read_login, read_target
from camagent.model.operator_error import OperatorError
from camagent.model.text import message
from camagent.platform.ending import run_until_ended

# By ONVIF's own naming every operation that only reads begins so.
READING = "Get"
# Far above any request that a person writes.
MAX_JSON_CHARS = 100_000


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
    from camagent.app.onvif_call import Call, CallFailed, find_way, find_wsdl, open_client, send
    from camagent.cli.run import warn_of
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
        way = run_until_ended(find_way(job.target, credential, warn_of))
        answer = send(client, wsdl, call, (way, credential))
    except CallFailed as failed:
        click.echo(f"{job.target}: {tm(failed.reason)}", err=True)
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
