"""The verdicts over all devices as last seen, and what is shown of each camera. Pure, and long: runs in a
thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from camagent.agent.watched_device import WatchedDevice
from camagent.document.site_status import CameraStatus, camera_status
from camagent.document.write import camera_view
from camagent.model.earlier_runs import Memory
from camagent.model.scan_result import CameraResult, ScanResult
from camagent.run.context import JudgingContext, Run, RunPeriod
from camagent.run.expected_cameras import host_of_address
from camagent.run.recognition import finish
from camagent.run.visit import DeviceCheck

PublishedCameras = dict[str, tuple[CameraResult, CameraStatus]]
"""By camera id: how it was judged, and what is shown of it."""


def order_now(
    order: JudgingContext, remembered: Memory, devices: Mapping[str, WatchedDevice], now: datetime
) -> JudgingContext:
    """The order as of now; who fell silent since the last record is still recognised by where it was.

    Only the silent: the others are to be told "new" or "moved" until the round is recorded. A device that
    was not asked since the start is neither there nor missing: nobody expects it yet.
    """
    silent = {key for key, device in devices.items() if device.is_silent}
    recorded = {camera.id for camera in order.memory.devices}
    fresh = tuple(c for c in remembered.devices if c.address in silent and c.id not in recorded)
    fresh_ids = {camera.id for camera in fresh} - {camera.id for camera in order.memory.expected}
    new = (camera for camera in remembered.expected if camera.id in fresh_ids)
    unasked = {device.job.host for device in devices.values() if device.check is None}
    awaited = (c for c in (*order.memory.expected, *new) if host_of_address(c.address) not in unasked)
    memory = replace(order.memory, devices=(*order.memory.devices, *fresh), expected=tuple(awaited))
    return replace(order, judge=replace(order.judge, site=replace(order.judge.site, now=now)), memory=memory)


def left_places(result: ScanResult, order: JudgingContext) -> list[str]:
    """Where cameras were before that were recognised somewhere else; without the places that are listed."""
    listed = {declared.address for declared in order.inventory}
    homes = {camera.id: camera.address for camera in order.memory.devices}
    moved = {c.facts.id: c.facts.address for c in result.cameras if "moved" in c.facts.changes}
    left = [homes[camera] for camera, address in moved.items() if homes.get(camera, address) != address]
    return [place for place in left if place not in listed]


def judge_and_publish(
    checks: tuple[DeviceCheck, ...], order: JudgingContext, frame: RunPeriod, before: PublishedCameras
) -> tuple[Run, PublishedCameras]:
    """Only what differs from the last judgement is published anew: every few seconds it is one camera of
    many."""
    run = finish(checks, order, frame)
    shown: PublishedCameras = {}
    for result in run.result.cameras:
        earlier = before.get(result.facts.id)
        if earlier is None or earlier[0] != result:
            earlier = (result, camera_status(camera_view(result)))
        shown[result.facts.id] = earlier
    # What did not change stays where it is: made anew every few seconds it would scatter over the memory.
    cameras = tuple(result for result, _ in shown.values())
    return replace(run, result=replace(run.result, cameras=cameras)), shown
