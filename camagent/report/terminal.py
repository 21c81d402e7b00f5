"""The result on a terminal: one camera, one line, and why. Reads the document's view; prints, knows no rule."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from camagent.document.model import CameraView, ScanDocument
from camagent.document.wording import (
    coverage_text,
    device_text,
    main_column,
    note_text,
    reason_lines,
    settings_text,
    stream_text,
    uncertain_note,
    why_text,
)
from camagent.model.finding import Verdict
from camagent.text import say
from camagent.text.vietnamese import clean_line, sort_key

MAX_REASONS = 3  # more than a technician reads in a list; the report has them all
MAX_NOT_CHECKED = 20  # a subnet full of strangers must not push the cameras off the screen
MAX_STREAM_CHARS = 50  # "MPEG-4 · 2560×1440 · 25,02 hình/s · 12,55 Mbit/s" has 47
MAX_CELL_CHARS = 32  # columns stay aligned whatever a camera calls itself

_ORDER = {Verdict.NOT_READY: 0, Verdict.UNDETERMINED: 1, Verdict.READY: 2}
_STYLE = {Verdict.READY: "bold green", Verdict.NOT_READY: "bold red", Verdict.UNDETERMINED: "bold yellow"}
_SIGN = {Verdict.READY: "✓", Verdict.NOT_READY: "✗", Verdict.UNDETERMINED: "?"}


def print_table(document: ScanDocument, console: Console, lang: str) -> None:
    """Banner, one line a camera with its reasons, coverage, summary; plain aligned text where it is piped."""
    if not document.profile.authoritative:
        banner = Text(say("report.banner.provisional", lang), style="bold yellow")
        console.print(banner, soft_wrap=not console.is_terminal)
    if not document.cameras:
        console.print(Text(say("report.table.nothing_found", lang), style="bold red"))
    elif console.is_terminal:
        _print_rich(document, console, lang)
    else:
        _print_plain(document, console, lang)
    for line, style in _footer(document, lang):
        console.print(Text(line, style=style), soft_wrap=not console.is_terminal)


def in_order(cameras: tuple[CameraView, ...]) -> list[CameraView]:
    """Cameras that need something first, then by name."""
    return sorted(cameras, key=lambda camera: (_ORDER[camera.verdict], sort_key(camera.name), camera.id))


def _told(camera: CameraView, lang: str) -> list[str]:
    """Why the camera got its verdict, weightiest first, and what to do."""
    upgrade = camera.upgrade
    steps = [f"→ {step.to(lang)}" for step in upgrade.steps[:MAX_REASONS]]
    steps += filter(None, [settings_text(upgrade, lang), uncertain_note(upgrade.action, upgrade.certain, lang)])
    return reason_lines(camera.findings, lang, MAX_REASONS) + steps


def _cells(camera: CameraView, lang: str) -> tuple[str, ...]:
    verdict = f"{_SIGN[camera.verdict]} {say(f'report.verdict.{camera.verdict}', lang)}"
    texts = (camera.name, camera.address, device_text(camera.device, lang))
    stream = clean_line(stream_text(main_column(camera), lang), MAX_STREAM_CHARS)
    return (
        verdict,
        *(clean_line(text, MAX_CELL_CHARS) for text in texts),
        stream,
        say(f"report.action.{camera.upgrade.action}", lang),
    )


def _headers(lang: str) -> tuple[str, ...]:
    return tuple(
        say(f"report.table.{name}", lang) for name in ("verdict", "camera", "address", "device", "stream", "action")
    )


def _print_rich(document: ScanDocument, console: Console, lang: str) -> None:
    table = Table(expand=False, pad_edge=False, header_style="bold")
    for header in _headers(lang):
        table.add_column(header, overflow="fold")
    cameras = in_order(document.cameras)
    for camera in cameras:
        verdict, *rest = _cells(camera, lang)
        table.add_row(Text(verdict, style=_STYLE[camera.verdict]), *(Text(cell) for cell in rest))
    console.print(table)
    for camera in cameras:
        lines = _told(camera, lang) if camera.verdict is not Verdict.READY else []
        if lines:
            console.print(Text(f"{camera.name} ({camera.address})", style="bold"))
            console.print(Padding(Text("\n".join(lines)), (0, 0, 0, 2)))


def _print_plain(document: ScanDocument, console: Console, lang: str) -> None:
    cameras = in_order(document.cameras)
    rows = [_headers(lang), *(_cells(camera, lang) for camera in cameras)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for camera, row in zip((None, *cameras), rows, strict=True):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        console.print(Text(line), soft_wrap=True)
        if camera is not None and camera.verdict is not Verdict.READY:
            for reason in _told(camera, lang):
                console.print(Text(f"    {clean_line(reason, 500)}"), soft_wrap=True)


def _footer(document: ScanDocument, lang: str) -> Iterator[tuple[str, str]]:
    coverage, summary = document.coverage, document.summary
    missed = coverage.not_checked
    for row in missed[:MAX_NOT_CHECKED]:
        yield say("report.table.not_checked", lang, address=row.address, why=why_text(row.why, lang)), "yellow"
    if len(missed) > MAX_NOT_CHECKED:
        yield say("report.table.more_not_checked", lang, count=len(missed) - MAX_NOT_CHECKED), "yellow"
    for note in coverage.notes:
        yield note_text(note, lang), "yellow"
    yield coverage_text(coverage, lang), "yellow" if missed else ""
    # A check of named targets says nothing of the school as a whole, unless it is already too much for it.
    told = ("fail", "warn", "defect") if document.is_check else ("fail", "warn", "defect", "not_assessed")
    for finding in document.site_findings:
        if finding.outcome.value in told and not finding.manual:
            yield f"{finding.rule}: {finding.message.to(lang)}", "yellow"
    yield say("report.table.profile", lang, id=document.profile.id, version=document.profile.version), "dim"
    counts = {"ready": summary.ready, "not_ready": summary.not_ready, "undetermined": summary.undetermined}
    yield say("report.table.summary", lang, total=summary.total, **counts), "bold"
