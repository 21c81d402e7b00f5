"""What the user types for a camera and its log-in, read into targets."""

from __future__ import annotations

import ipaddress
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from camagent.cli.language import t
from camagent.model.operator_error import OperatorError
from camagent.model.text import message

if TYPE_CHECKING:
    from camagent.model.device import DeviceTarget
    from camagent.model.secret import Credential
    from camagent.run.fleet import Job

FILE_SUFFIXES = frozenset(
    (
        *(".mp4", ".mov", ".mkv", ".ts", ".mpg", ".mpeg", ".ps", ".avi", ".flv", ".dav"),
        *(".h264", ".h265", ".264", ".265", ".hevc", ".mjpeg", ".jpg", ".jpeg"),
    )
)


# an address of numbers, which no password is; names of hosts and passwords cannot be told apart
_NUMBERS = re.compile(
    r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7})(?![\w.])", re.I
)


def read_target(text: str, login: Credential | None, number: int = 1) -> Job:
    """A stream URL, a media file that exists, or host[:port] of an ONVIF device.

    `number`: which of the targets it is. Raises: OperatorError for anything else, which shows of it no more
    than an address of numbers or the name of a file; a password in a URL is taken with a warning, and never
    shown again.
    """
    from camagent.cli.run import warn
    from camagent.model.device import DeviceTarget
    from camagent.model.onvif import ONVIF_PATHS
    from camagent.model.stream import FileTarget, StreamTarget
    from camagent.model.uri import parse_stream_uri
    from camagent.run.fleet import Job

    parsed = parse_stream_uri(text)
    if parsed is not None and parsed[0].scheme in ("rtsp", "rtsps"):
        uri, credential = parsed
        if credential is not None:
            warn(t("cli.password_in_url"))
        credential = credential or login
        return Job(StreamTarget(uri.hiding(credential)), credential)
    if parsed is not None:
        uri, credential = parsed
        target = DeviceTarget(uri.host, uri.port, uri.path or ONVIF_PATHS[0], uri.scheme == "https")
        return Job(target, credential or login)
    if "://" not in text and Path(text).is_file():
        return Job(FileTarget(Path(text)))
    return Job(_read_address(text, number), login)


def _read_address(text: str, number: int) -> DeviceTarget:
    """host[:port] and nothing else. Raises: OperatorError."""
    from camagent.model.device import DeviceTarget
    from camagent.model.uri import parse_stream_uri

    address = parse_stream_uri(f"http://{text}")
    if (
        "://" in text
        or address is None
        or address[0].path
        or address[1] is not None
        or _looks_like_file(text)
    ):
        shown = _shown_of_bad(text)
        if shown is None:
            raise OperatorError(message("cli.bad_target_number", number=number))
        raise OperatorError(message("cli.bad_target", target=shown))
    uri = address[0]
    return DeviceTarget(uri.host, uri.port if text.endswith(f":{uri.port}") else None)


def _shown_of_bad(text: str) -> str | None:
    """What may be said of a target that nobody can read: anything else in it may be a password."""
    if _looks_like_file(text) and "@" not in text and len(text.split()) == 1:
        return Path(text).name[:60]
    for written in _NUMBERS.findall(text):
        try:
            return str(ipaddress.ip_address(written))
        except ValueError:
            continue
    return None


def _looks_like_file(text: str) -> bool:
    return Path(text).suffix.lower() in FILE_SUFFIXES


def read_login(
    user: str | None, password_file: Path | None, password: str | None, allow_basic: bool
) -> Credential | None:
    """The log-in for the named targets: file, option (with a warning), environment, else asked for."""
    from camagent.cli.run import warn
    from camagent.model.secret import Credential, Secret
    from camagent.operator_files.credential_file import read_password_file

    if user is None:
        if password is not None or password_file is not None:
            raise OperatorError(message("cli.unknown_user"))
        return None
    if password_file is not None:
        return Credential(user, read_password_file(password_file), allow_basic)
    if password is not None:
        warn(t("cli.password_in_url"))
        return Credential(user, Secret(password), allow_basic)
    if "CAMAGENT_PASSWORD" in os.environ:
        return Credential(user, Secret(os.environ["CAMAGENT_PASSWORD"]), allow_basic)
    return Credential(
        user,
        Secret(click.prompt(t("cli.password_prompt", user=user), hide_input=True, err=True)),
        allow_basic,
    )
