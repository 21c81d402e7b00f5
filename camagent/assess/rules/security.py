"""Rules about who gets in and what stands open. Pure."""

from __future__ import annotations

from typing import Literal

from camagent.assess.judgement import Judgement, phrase, unknown
from camagent.assess.rule import About, Rule
from camagent.assess.rules.manual import judged_answer
from camagent.model.device import (
    AnonymousAccess,
    DefaultLoginTrial,
    DeviceFacts,
    DeviceInformation,
    DeviceUser,
    MediaFacts,
    PortFacts,
    SnapshotAccess,
)
from camagent.model.finding import Outcome
from camagent.model.patterns import fits
from camagent.model.scan_result import CameraFacts, ManualAnswer, SiteFacts
from camagent.model.stream import StreamRole

Level = Literal["Administrator", "Operator", "User", "Anonymous", "Extended"]
"""ONVIF's UserLevel."""
ADMINISTRATOR: Level = "Administrator"


def default_login(
    default_login: DefaultLoginTrial | None, answer: ManualAnswer | None, site: SiteFacts, *, valid_days: int
) -> Judgement:
    """No factory login is let in: by the opt-in trial, else by a person's answer."""
    if default_login is None or (default_login.accepted is None and not default_login.tried):
        return judged_answer(answer, site, valid_days)
    if default_login.accepted is not None:
        return Judgement(
            Outcome.FAIL,
            phrase("default_accepted", user=default_login.accepted),
            observed=False,
            remedy=phrase("password_remedy"),
        )
    if default_login.stopped is not None:
        return unknown(f"fault_{default_login.stopped.code}", doing=default_login.stopped.doing)
    return Judgement(Outcome.PASS, phrase("default_refused", tried=default_login.tried), observed=True)


def anonymous_onvif(
    anonymous: AnonymousAccess, camera: CameraFacts, *, allowed: tuple[str, ...]
) -> Judgement:
    """ONVIF gives nothing to a caller without a login but what the standard allows before authentication.

    A stream address with the password inside is told too: as a failure where anybody may ask for it, else as
    a warning.
    """
    open_operations = [operation for operation in anonymous.answered if operation not in allowed]
    if _tells_password(camera):
        open_to_all = "GetStreamUri" in open_operations
        return Judgement(
            Outcome.FAIL if open_operations else Outcome.WARN,
            phrase("password_for_all" if open_to_all else "password_in_address"),
            observed=tuple(open_operations),
            remedy=phrase("authentication_remedy")
            if open_operations
            else phrase("password_in_address_remedy"),
        )
    if open_operations:
        return Judgement(
            Outcome.FAIL,
            phrase("onvif_open", operations=", ".join(open_operations)),
            observed=tuple(open_operations),
            remedy=phrase("authentication_remedy"),
        )
    refused = [operation for operation in anonymous.asked if operation not in allowed]
    if not refused:
        return unknown("onvif_untried")
    return Judgement(Outcome.PASS, phrase("onvif_closed", operations=", ".join(refused)), observed=())


def _tells_password(camera: CameraFacts) -> bool:
    device = camera.device
    profiles = (
        device.media.profiles
        if isinstance(device, DeviceFacts) and isinstance(device.media, MediaFacts)
        else ()
    )
    return any(media_profile.uri_had_credentials for media_profile in profiles)


def anonymous_stream(camera: CameraFacts) -> Judgement:
    """No stream, and where it was tried no snapshot, is given to a caller without a login.

    The main stream must have been tried; the snapshot is asked for only on the operator's order.
    """
    outcomes = [
        (stream.role, stream.access.anonymous) for stream in camera.streams if stream.access is not None
    ]
    if any(anonymous for _, anonymous in outcomes):
        return Judgement(
            Outcome.FAIL, phrase("stream_open"), observed=False, remedy=phrase("authentication_remedy")
        )
    snapshot = camera.device.snapshot if isinstance(camera.device, DeviceFacts) else None
    if isinstance(snapshot, SnapshotAccess) and snapshot.anonymous:
        return Judgement(
            Outcome.FAIL, phrase("snapshot_open"), observed=False, remedy=phrase("authentication_remedy")
        )
    if (StreamRole.MAIN, False) not in outcomes:
        return unknown("absent_access")
    if not isinstance(snapshot, SnapshotAccess):  # half of the row was not seen: no pass
        gap = "snapshot_untried" if snapshot is None else "snapshot_untold"
        return Judgement(Outcome.WARN, phrase(f"stream_closed_{gap}", streams=len(outcomes)), observed=True)
    return Judgement(Outcome.PASS, phrase("stream_closed", streams=len(outcomes)), observed=True)


def open_ports(ports: PortFacts, *, denied_tcp: tuple[int, ...], doubtful_tcp: tuple[int, ...]) -> Judgement:
    """No service that a camera does not need listens: telnet, FTP, debugging."""
    denied = sorted(set(ports.open) & set(denied_tcp))
    if denied:
        return Judgement(
            Outcome.FAIL,
            phrase("ports_open", ports=_listed(denied)),
            observed=tuple(denied),
            remedy=phrase("ports_remedy"),
        )
    untold = sorted(set(denied_tcp) - set(ports.closed))
    if untold:
        return unknown("ports_silent", ports=_listed(untold))
    doubtful = sorted(set(ports.open) & set(doubtful_tcp))
    if doubtful:
        return Judgement(
            Outcome.WARN, phrase("ports_doubtful", ports=_listed(doubtful)), observed=tuple(doubtful)
        )
    return Judgement(Outcome.PASS, phrase("ports_closed", ports=_listed(denied_tcp)), observed=())


def _listed(ports: list[int] | tuple[int, ...]) -> str:
    return ", ".join(str(port) for port in ports)


def firmware(
    information: DeviceInformation, answer: ManualAnswer | None, site: SiteFacts, *, valid_days: int
) -> Judgement:
    """The firmware's version is known, and the list (or a person) says that it is still supported."""
    version = information.firmware
    by_hand = judged_answer(answer, site, valid_days)
    if not version:
        return unknown("firmware_unknown") if by_hand.outcome is Outcome.NOT_ASSESSED else by_hand
    for maker, model, pattern, word in site.firmware:
        if not (
            fits(information.manufacturer, maker)
            and fits(information.model, model)
            and fits(version, pattern)
        ):
            continue
        if word == "allow":
            return Judgement(Outcome.PASS, phrase("firmware_allowed", version=version), observed=version)
        return Judgement(
            Outcome.FAIL,
            phrase("firmware_denied", version=version),
            observed=version,
            remedy=phrase("firmware_remedy"),
        )
    if by_hand.outcome is not Outcome.NOT_ASSESSED:
        return by_hand
    return Judgement(
        Outcome.NOT_ASSESSED, phrase("firmware_unlisted", version=version), observed=version, manual=True
    )


def accounts(
    users: tuple[DeviceUser, ...] | None,
    answer: ManualAnswer | None,
    site: SiteFacts,
    *,
    low_levels: tuple[Level, ...],
    valid_days: int,
) -> Judgement:
    """An account of its own with few rights exists for the connection to the city."""
    low = sum(1 for user in users or () if user.level in low_levels)
    if users and low:
        return Judgement(Outcome.PASS, phrase("accounts_low", count=low, total=len(users)), observed=True)
    # a maker's own level may be a low one
    if not users or any(user.level != ADMINISTRATOR for user in users):
        return judged_answer(answer, site, valid_days)
    return Judgement(Outcome.FAIL, phrase("accounts_admin_only", total=len(users)), observed=False)


RULES = (
    Rule(default_login, About.CAMERA, yes_or_no=True),
    Rule(anonymous_onvif, About.CAMERA, "allowed"),
    Rule(anonymous_stream, About.CAMERA, yes_or_no=True),
    Rule(open_ports, About.CAMERA, "denied_tcp"),
    Rule(firmware, About.CAMERA, yes_or_no=True),
    Rule(accounts, About.CAMERA, yes_or_no=True),
)
