"""What a terminal says of the cameras: those that wait for a log-in, and the others by what is to be done.
Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from camagent.document.login_causes import LoginBlock, LoginCause, login_cause
from camagent.document.model import CameraView, FindingView, ScanDocument
from camagent.document.reasons import decisive, reasons
from camagent.document.wording import settings_text, uncertain_note
from camagent.model.fault import FaultCode
from camagent.model.finding import Outcome, Verdict
from camagent.text import say
from camagent.text.vietnamese import clean_line, sort_key

MAX_REASONS = 3  # more than a technician reads in a list; the report has them all
MAX_RULES = 2  # ids after a sentence; the report has them all
MAX_COMMANDS = 3  # of one cause: more ranges than that are one school's rarely
MAX_CHARS = 500  # of one line: a sentence of ours has 250

_ORDER = {Verdict.NOT_READY: 0, Verdict.UNDETERMINED: 1, Verdict.READY: 2}


@dataclass(frozen=True, slots=True)
class CameraBlock:
    """Cameras of which the same is to be said, and the lines that say it; no lines for ready ones."""

    cameras: tuple[CameraView, ...]
    lines: tuple[str, ...]

    def heading(self) -> str:
        """Who they are."""
        return ", ".join(_called(camera) for camera in self.cameras)


def camera_blocks(cameras: Sequence[CameraView], lang: str) -> tuple[CameraBlock, ...]:
    """Cameras that need something first, then by name; those with the same reasons and steps stand
    together."""
    groups: dict[tuple[Verdict, tuple[str, ...]], list[CameraView]] = {}
    for camera in in_order(cameras):
        groups.setdefault((camera.verdict, tuple(verdict_lines(camera, lang))), []).append(camera)
    return tuple(CameraBlock(tuple(members), lines) for (_, lines), members in groups.items())


def in_order(cameras: Sequence[CameraView]) -> list[CameraView]:
    """Cameras that need something first, then by name."""
    return sorted(cameras, key=lambda camera: (_ORDER[camera.verdict], sort_key(camera.name), camera.id))


def verdict_lines(camera: CameraView, lang: str) -> list[str]:
    """Why the camera got its verdict, weightiest first, and what to do; nothing of a ready one, nor of one
    that the user stopped before anything of it failed: the run says that once."""
    is_stopped = any(fault.code == FaultCode.STOPPED for fault in camera.faults)
    if camera.verdict is Verdict.READY or (is_stopped and camera.verdict is Verdict.UNDETERMINED):
        return []
    upgrade = camera.upgrade
    steps = [f"→ {step.to(lang)}" for step in upgrade.steps[:MAX_REASONS]]
    steps += filter(
        None, [settings_text(upgrade, lang), uncertain_note(upgrade.action, upgrade.certain, lang)]
    )
    return [clean_line(line, MAX_CHARS) for line in (*_reason_lines(camera, lang), *steps)]


def _reason_lines(camera: CameraView, lang: str) -> Iterator[str]:
    """One sentence a line, the ids of its rules last."""
    by_text: dict[str, list[str]] = {}
    for finding in (row for row in reasons(camera.findings) if _can_be_acted_on(row, camera)):
        by_text.setdefault(finding.message.to(lang), []).append(finding.rule)
    shown = list(by_text.items())[:MAX_REASONS]
    for text, rules in shown:
        distinct = list(dict.fromkeys(rules))
        ids = ", ".join(distinct[:MAX_RULES]) + (" …" if len(distinct) > MAX_RULES else "")
        yield f"{text} [{ids}]"
    rest = sum(map(len, by_text.values())) - sum(len(rules) for _, rules in shown)
    if rest:
        yield say("report.table.more", lang, count=rest)


def _can_be_acted_on(finding: FindingView, camera: CameraView) -> bool:
    """It failed, or it is why the verdict is open; what is open for want of a log-in is said once for all of
    them."""
    if camera.verdict is Verdict.NOT_READY or login_cause(camera) is not None:
        return finding.outcome in (Outcome.FAIL, Outcome.DEFECT)
    return decisive(finding)


def _called(camera: CameraView) -> str:
    named = camera.name and camera.name != camera.address
    return f"{clean_line(camera.name, 60)} ({camera.address})" if named else camera.address


def login_block_lines(block: LoginBlock, document: ScanDocument, lang: str) -> list[str]:
    """What is missing, the command that mends it, and whom it is about."""
    lines = [say(f"report.login.{block.cause}", lang, count=len(block.addresses))]
    if block.cause in (LoginCause.LOCKED, LoginCause.UNCLEAR, LoginCause.ANOTHER):
        wanted = "trust_one" if block.cause is LoginCause.ANOTHER else "retry"
    elif document.is_check:
        wanted = "check"
    else:
        wanted = "trust" if block.cause is LoginCause.WITHHELD else "set"
    places = block.addresses if wanted == "check" else block.places
    if wanted == "trust":  # a whole range must not be trusted for ever: strangers will stand in it
        places = block.addresses[:1]
    elif wanted == "trust_one":
        places = block.addresses
    lines += [f"→ {say(f'report.login.do_{wanted}', lang, where=where)}" for where in places[:MAX_COMMANDS]]
    return [*lines, ", ".join(block.addresses)]
