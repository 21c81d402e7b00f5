"""What the user types for a camera and its log-in, read into targets."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from camagent.cli.language import t
from camagent.model.operator_error import OperatorError
from camagent.model.text import message

if TYPE_CHECKING:
    from camagent.model.secret import Credential
    from camagent.run.fleet import Job

FILE_SUFFIXES = frozenset(
    (
        *(".mp4", ".mov", ".mkv", ".ts", ".mpg", ".mpeg", ".ps", ".avi", ".flv", ".dav"),
        *(".h264", ".h265", ".264", ".265", ".hevc", ".mjpeg", ".jpg", ".jpeg"),
    )
)


def read_target(text: str, login: Credential | None) -> Job:
    """A stream URL, a media file that exists, or host[:port] of an ONVIF device.

    Raises: OperatorError for anything else; a password in a URL is taken with a warning, and never shown
    again.
    """
    from camagent.cli.run import warn
    from camagent.model.device import DeviceTarget
    from camagent.model.stream import FileTarget, StreamTarget
    from camagent.model.uri import parse_stream_uri, shown_without_login
    from camagent.run.fleet import Job

    parsed = parse_stream_uri(text)
    if parsed is not None and parsed[0].scheme in ("rtsp", "rtsps"):
        uri, credential = parsed
        if credential is not None:
            warn(t("cli.password_in_url"))
        return Job(StreamTarget(uri), credential or login)
    if parsed is not None:
        uri, credential = parsed
        target = DeviceTarget(uri.host, uri.port, uri.path or "/onvif/device_service", uri.scheme == "https")
        return Job(target, credential or login)
    if "://" not in text and Path(text).is_file():
        return Job(FileTarget(Path(text)))
    address = parse_stream_uri(f"http://{text}")
    if (
        "://" in text
        or address is None
        or address[0].path
        or address[1] is not None
        or _looks_like_file(text)
    ):
        raise OperatorError(message("cli.bad_target", target=shown_without_login(text)))
    uri = address[0]
    port = uri.port if text.endswith(f":{uri.port}") else None
    return Job(DeviceTarget(uri.host, port), login)


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
