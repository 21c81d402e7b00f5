"""`camagent simulate`: the simulated school alone, or a load of equal streams, until it is told to stop."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import stat
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from camagent.cli.language import t
from camagent.cli.terminal_lines import write_lines
from camagent.model.operator_error import OperatorError
from camagent.model.text import message, os_reason
from camagent.model.uri import shown_as_typed
from camagent.platform.ending import on_end, run_until_ended
from camagent.platform.process import allow_many_sockets, on_stdin_end
from camagent.platform.whole_files import write_whole

if TYPE_CHECKING:
    from camagent.simulator.load import LoadOrder
    from camagent.simulator.simulated_camera import SimulatedCamera

READY_SCHEMA = "camagent.simulation/1"
_PORT = click.IntRange(1, 65_535)


@click.command(
    "simulate",
    help=t("cli.help.simulate"),
    epilog=t("cli.help.example", example="camagent simulate --cameras 12"),
)
@click.option(
    "--cameras", type=click.IntRange(1, 1000), default=12, show_default=True, help=t("simulator.cameras")
)
@click.option("--recorder", type=click.IntRange(1, 128), help=t("simulator.recorder"))
@click.option("--ready-file", type=click.Path(path_type=Path, dir_okay=False), help=t("simulator.ready_file"))
@click.option("--http-port", type=_PORT, default=8080, show_default=True, help=t("simulator.http_port"))
@click.option("--https-port", type=_PORT, default=8443, show_default=True, help=t("simulator.https_port"))
@click.option("--rtsp-port", type=_PORT, default=8554, show_default=True, help=t("simulator.rtsp_port"))
@click.option("--discovery/--no-discovery", default=True, show_default=True, help=t("simulator.discovery"))
@click.option("--load", type=click.IntRange(1, 2000), help=t("simulator.load"))
@click.option("--clip", default="load_1080p_h264", show_default=True, help=t("simulator.clip"))
@click.option("--show", "condition", help=t("simulator.show"))
@click.option("--paced", is_flag=True, help=t("simulator.paced"))
@click.option("--address", default="127.0.0.1", show_default=True, help=t("simulator.address"))
def simulate_command(
    cameras: int,
    recorder: int | None,
    ready_file: Path | None,
    http_port: int,
    https_port: int,
    rtsp_port: int,
    discovery: bool,
    load: int | None,
    clip: str,
    condition: str | None,
    paced: bool,
    address: str,
) -> int:
    """Run until SIGTERM, SIGINT, or the end of standard input where that is a pipe."""
    from camagent.simulator.default_school import default_school
    from camagent.simulator.load import LoadOrder

    # each camera holds five descriptors, each client one more; the usual soft limit is 1024
    allow_many_sockets()
    if load is not None:
        _demand_loopback(address)
        _demand_clip(clip)
        run_until_ended(_serve_load(LoadOrder(load, clip, paced, address, rtsp_port), ready_file))
    else:
        password = f"Sim-{secrets.token_urlsafe(9)}7"
        devices = default_school(cameras, password) if recorder is None else _recorder(recorder, password)
        school = [
            replace(camera, http_port=http_port, https_port=https_port, rtsp_port=rtsp_port)
            for camera in devices
        ]
        if condition is not None:
            school[0] = _showing(school[0], condition)
        run_until_ended(_serve_school(school, discovery, ready_file))
    return 0


def _recorder(channels: int, password: str) -> tuple[SimulatedCamera, ...]:
    from camagent.simulator.recorder import recorder

    return (recorder(channels, password),)


def _showing(camera: SimulatedCamera, condition: str) -> SimulatedCamera:
    """The camera with a picture that is wrong in the way asked for.

    Raises: OperatorError, naming what can be shown.
    """
    from camagent.simulator.clips import clip_names
    from camagent.simulator.simulated_camera import honest_claim

    clips = {name.removeprefix("show_"): name for name in clip_names() if name.startswith("show_")}
    clips |= {name: f"{name}_1080p_h264" for name in ("black", "frozen", "blurred")}
    if condition not in clips:
        raise OperatorError(
            message("simulator.no_such_condition", asked=condition[:40], names=", ".join(sorted(clips)))
        )
    main = camera.streams[0]
    shown = replace(main, clip_name=clips[condition], claim=honest_claim(clips[condition]))
    return replace(camera, streams=(shown, *camera.streams[1:]))


async def _serve_school(cameras: Sequence[SimulatedCamera], discovery: bool, ready_file: Path | None) -> None:
    from camagent.simulator.school import open_school

    stop = _stop_signal()
    async with open_school(cameras, discovery=discovery) as school:
        _announce(_school_document(school.cameras), ready_file)
        alive = sum(camera.alive for camera in school.cameras)
        write_lines(t("simulator.running", alive=alive, cameras=len(school.cameras)), err=True)
        await stop.wait()


async def _serve_load(order: LoadOrder, ready_file: Path | None) -> None:
    from camagent.simulator.load import open_load

    stop = _stop_signal()
    async with open_load(order) as server:
        base = f"rtsp://{order.address}:{server.port}"
        document = {
            "schema": READY_SCHEMA,
            "load": {"url": base, "streams": order.streams, "clip": order.clip_name},
        }
        _announce(document, ready_file)
        write_lines(
            t("simulator.running_load", streams=order.streams, clip=order.clip_name, address=base), err=True
        )
        before_s = time.process_time()
        await stop.wait()
        lag_s = max(mount.source.max_lag_s for mount in server.mounts.values())
        spent = {"cpu_s": round(time.process_time() - before_s, 3), "max_lag_s": round(lag_s, 4)}
        click.echo(json.dumps({"stopped": spent}))


def _school_document(cameras: Sequence[SimulatedCamera]) -> dict[str, Any]:
    from camagent.simulator.default_school import USER

    return {
        "schema": READY_SCHEMA,
        "user": USER,
        "password": cameras[0].door.password,
        "cameras": [
            {
                "name": camera.name,
                "place": camera.place,
                "address": camera.address,
                "http_port": camera.http_port,
                "https_port": camera.https_port,
                "rtsp_port": camera.rtsp_port,
                "streams": [camera.stream_url(stream) for stream in camera.streams],
                "alive": camera.alive,
                "serial": camera.serial,
                "mac": camera.mac,
                "retention": {str(kept.channel): kept.expected.value for kept in camera.kept},
                "expected": {
                    "verdict": camera.expected.verdict.value,
                    "action": camera.expected.action.value,
                    "why": camera.expected.why,
                },
            }
            for camera in cameras
        ],
    }


def _announce(document: dict[str, Any], ready_file: Path | None) -> None:
    """One JSON line on stdout, and in the file for whoever waits for it: complete from the moment it
    exists."""
    line = json.dumps(document, ensure_ascii=False)
    if ready_file is not None:
        try:
            write_whole(ready_file, f"{line}\n".encode(), durable=False)
        except OSError as error:
            raise OperatorError(
                message("simulator.not_written", file=str(ready_file), reason=os_reason(error))
            ) from error
    click.echo(line)
    sys.stdout.flush()


def _stop_signal() -> asyncio.Event:
    """Set when somebody ends us; to be had before anybody is told that we are ready."""
    stop = asyncio.Event()
    on_end(stop.set)
    if _stdin_is_a_pipe():
        on_stdin_end(stop.set)
    return stop


def _stdin_is_a_pipe() -> bool:
    """Only then does its end mean that the parent is gone; a terminal or /dev/null says nothing."""
    with suppress(OSError, ValueError, AttributeError):
        mode = os.fstat(sys.stdin.fileno()).st_mode
        return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
    return False


def _demand_loopback(address: str) -> None:
    try:
        is_loopback = ip_address(address).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise OperatorError(message("simulator.not_loopback", address=shown_as_typed(address)))


def _demand_clip(clip: str) -> None:
    from camagent.simulator.clips import clip_names

    if clip not in clip_names():
        raise OperatorError(message("simulator.unknown_clip", clip=clip, clips=", ".join(clip_names())))
