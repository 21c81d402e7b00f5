"""New devices and the log-in of their range: asked once on a terminal; elsewhere only reported."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from camagent.cli.language import t
from camagent.cli.run import warn
from camagent.cli.terminal_lines import in_terminal_lines

if TYPE_CHECKING:
    from camagent.run.context import JudgingContext
    from camagent.run.fleet import Job

MAX_LISTED = 100  # lines on a screen before the question; all are in the report
YES_OR_NO_CHARS = len(" [y/N]: y")


def trusting(order: JudgingContext) -> JudgingContext:
    """The order with every new device trusted in this run."""
    memory = order.memory
    return replace(order, memory=replace(memory, trust=replace(memory.trust, all_new=True)))


def may_trust(jobs: Sequence[Job]) -> bool:
    """Whether the person at the terminal gives the log-in to the new devices; False where nobody can be
    asked."""
    from camagent.model.device import DeviceTarget
    from camagent.model.onvif import scope_value
    from camagent.model.trust import LoginGiven

    new = [job for job in jobs if job.login is LoginGiven.WITHHELD]
    if not new:
        return False
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        warn(t("trust.not_asked", count=len(new)))
        return False
    for job in new[:MAX_LISTED]:
        scopes = job.target.scopes if isinstance(job.target, DeviceTarget) else ()
        words = (scope_value(scopes, kind) for kind in ("name", "hardware"))
        warn("  ".join((job.host, *filter(None, words))))
    question = in_terminal_lines(t("trust.ask", count=len(new)), err=True, reserve_chars=YES_OR_NO_CHARS)
    return click.confirm(question, default=False, err=True)
