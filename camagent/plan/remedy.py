"""What a remedy is: the camera it is for, its steps and settings, and how an open finding is closed. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from camagent.model.device import (
    DeviceFacts,
)
from camagent.model.finding import Action, Finding, Outcome, Setting
from camagent.model.scan_result import CameraFacts
from camagent.model.stream import StreamFacts, StreamRole
from camagent.model.text import Message, message
from camagent.plan.encoder import Choice
from camagent.plan.grounds import Ground

Settler = Callable[[Finding, "Case"], Setting | None]


@dataclass(frozen=True, slots=True)
class Case:
    """One camera, and what its encoder advertises."""

    camera: CameraFacts
    encoder: Choice
    ground: Ground = Ground()

    @property
    def device(self) -> DeviceFacts | None:
        """What ONVIF told, if it did."""
        return self.camera.device if isinstance(self.camera.device, DeviceFacts) else None

    @property
    def main(self) -> StreamFacts | None:
        """The main stream."""
        return next((stream for stream in self.camera.streams if stream.role is StreamRole.MAIN), None)


@dataclass(frozen=True, slots=True)
class Remedy:
    """The cheapest known step against one failed check."""

    action: Action
    steps: tuple[Message, ...]
    settings: tuple[Setting, ...] = ()
    advertised: bool = False
    """It rests on what the device says that it can be set to: never "will comply"."""


def step(name: str, **args: str | int | float | bool | None) -> Message:
    """A sentence of the catalogue area `plan`."""
    return message(f"plan.{name}", **args)


def advice(finding: Finding) -> Message:
    """What to do about a finding: its own remedy, else to look for the cause; never what was seen as if it
    were a step.

    Of an open row it is how to close it: with a log-in, with a longer look, else by looking again.
    """
    if finding.remedy is not None:
        return finding.remedy
    if finding.outcome is Outcome.FAIL:
        return Message("plan.look_into", (("what", finding.message),))
    name = finding.message.key.removeprefix("findings.")
    if name in LOGIN_REASONS:
        return step("give_login")
    if finding.message.key in ("trust.waiting", "trust.another", "trust.weaker"):
        return finding.message  # it names the command
    if name == "network_slow":
        return step("fix_network")
    if name in SHORT_LOOKS:
        return step("measure_longer")
    return step("density_declare" if name.startswith("density_") else "check_again")


LOGIN_REASONS = frozenset({"fault_auth_required", "fault_auth_rejected"})
SHORT_LOOKS = frozenset(
    (
        *(
            "gop_unseen",
            "rate_unclear",
            "rate_unclear_ratio",
            "too_few_frames",
            "packets_few",
            "pictures_few",
        ),
        *("frozen_short", "offset_unclear"),
    )
)
"""Findings that a longer look may close."""
