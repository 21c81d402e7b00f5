"""Cameras that could not be checked because a log-in was missing or refused, by cause, and the ranges
that hold them. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from camagent.document.model import CameraView, ScanDocument
from camagent.document.wording import main_column
from camagent.model.address_order import address_order
from camagent.model.fault import FaultCode
from camagent.model.finding import ANOTHER_CHECK, TRUST_RULE, Outcome, Verdict


class LoginCause(StrEnum):
    """Why a camera could not be looked into, most urgent first."""

    REJECTED = "rejected"
    """It refused the name or the password."""
    UNCLEAR = "unclear"
    """It answered the log-in with nothing that accepts or refuses it, and is not asked again that day."""
    LOCKED = "locked"
    """It locks, or is about to."""
    ANOTHER = "another"
    """It is not the device that let us in at its address."""
    WITHHELD = "withheld"
    """It is new, and the log-in is bound to a range."""
    MISSING = "missing"
    """There is no log-in for its address."""


@dataclass(frozen=True, slots=True)
class LoginBlock:
    """Every camera of one cause."""

    cause: LoginCause
    cameras: tuple[CameraView, ...]
    places: tuple[str, ...]
    """The ranges of the run that hold these cameras; their own addresses where there is none, or one
    camera."""

    @property
    def addresses(self) -> tuple[str, ...]:
        """Each address once, in the order of numbers."""
        return tuple(sorted({camera.address for camera in self.cameras}, key=address_order))


def login_blocks(document: ScanDocument) -> tuple[LoginBlock, ...]:
    """The cameras that wait for a log-in, one block a cause, most urgent first."""
    by_cause: dict[LoginCause, list[CameraView]] = {cause: [] for cause in LoginCause}
    for camera in document.cameras:
        cause = login_cause(camera)
        if cause is not None:
            by_cause[cause].append(camera)
    subnets = document.coverage.subnets
    return tuple(
        LoginBlock(cause, tuple(cameras), _places([camera.address for camera in cameras], subnets))
        for cause, cameras in by_cause.items()
        if cameras
    )


def login_cause(camera: CameraView) -> LoginCause | None:
    """Why nobody could look into this camera; None where it is ready, or where a log-in is not what is
    missing."""
    device = camera.device
    has_name = device is not None and (device.manufacturer or device.model)
    if camera.verdict is Verdict.READY or (has_name and main_column(camera) is not None):
        return None
    codes = {fault.code for fault in camera.faults}
    for row in camera.findings:
        if row.rule == TRUST_RULE and row.outcome is Outcome.NOT_ASSESSED:
            return LoginCause.ANOTHER if row.check == ANOTHER_CHECK else LoginCause.WITHHELD
    by_code = {
        FaultCode.AUTH_REJECTED: LoginCause.REJECTED,
        FaultCode.AUTH_UNCLEAR: LoginCause.UNCLEAR,
        FaultCode.LOCKED_OUT: LoginCause.LOCKED,
        FaultCode.AUTH_REQUIRED: LoginCause.MISSING,
    }
    return next((cause for code, cause in by_code.items() if code.value in codes), None)


def waits_only_for_login(camera: CameraView) -> bool:
    """Nothing is known of it that a table could show."""
    return camera.verdict is Verdict.UNDETERMINED and login_cause(camera) is not None


def _places(addresses: list[str], subnets: Iterable[str]) -> tuple[str, ...]:
    distinct = tuple(sorted(set(addresses), key=address_order))
    ranges = tuple(subnet for subnet in subnets if any(_holds(subnet, address) for address in distinct))
    held = [address for address in distinct if any(_holds(subnet, address) for subnet in ranges)]
    if len(distinct) == 1:
        return distinct
    return (*ranges, *(address for address in distinct if address not in held))


def _holds(subnet: str, address: str) -> bool:
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(subnet, strict=False)
    except ValueError:
        return False
