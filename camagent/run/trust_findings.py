"""What is told of devices that wait for the log-in, or were given it for the first time. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from camagent.model.address_order import address_order
from camagent.model.fault import FaultCode
from camagent.model.finding import (
    ANOTHER_CHECK,
    ANOTHER_DEVICE,
    NEW_CHECK,
    TRUST_RULE,
    Basis,
    Finding,
    Outcome,
    Severity,
)
from camagent.model.scan_result import CameraFacts
from camagent.model.text import Localised, Message, message
from camagent.model.trust import LoginGiven


def waits_for_trust(facts: CameraFacts, login: LoginGiven) -> bool:
    """The device asked for the log-in that was withheld from it."""
    codes = {fault.code for fault in facts.faults}
    withheld = login in (LoginGiven.WITHHELD, LoginGiven.ANOTHER)
    return FaultCode.AUTH_STRANGER in codes or (withheld and FaultCode.AUTH_REQUIRED in codes)


def waiting_finding(facts: CameraFacts, login: LoginGiven) -> Finding:
    """The camera stays undetermined until somebody says that it is ours."""
    if login is LoginGiven.WITHHELD:
        text, check = message("trust.waiting", address=facts.address), NEW_CHECK
    else:
        text, check = message(ANOTHER_DEVICE, address=facts.address), ANOTHER_CHECK
    return replace(_finding(Outcome.NOT_ASSESSED, Severity.MAJOR, text), check=check)


def newly_finding(addresses: Iterable[str]) -> Finding:
    """Who was given the log-in for the first time because all new devices were trusted."""
    listed = sorted(set(addresses), key=address_order)
    return _finding(
        Outcome.WARN, Severity.INFO, message("trust.newly", count=len(listed), addresses=", ".join(listed))
    )


def _finding(outcome: Outcome, severity: Severity, text: Message) -> Finding:
    return Finding(
        rule=TRUST_RULE,
        title=Localised("Thiết bị mới và mật khẩu", "New devices and the password"),
        outcome=outcome,
        severity=severity,
        stream=None,
        observed=None,
        required=None,
        unit=None,
        basis=Basis("assumption", None, "high"),
        message=text,
        check=NEW_CHECK,
    )
