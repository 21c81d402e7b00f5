"""The result on a terminal: who waits for a log-in, one line a camera, and why. Prints; knows no rule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from camagent.document.login_causes import LoginBlock, LoginCause, login_blocks, waits_only_for_login
from camagent.document.model import CameraView, ScanDocument
from camagent.document.upgrade_rows import budget_of, upgrade_rows
from camagent.document.wording import (
    coverage_text,
    device_text,
    main_column,
    night_text,
    note_text,
    retired_text,
    stream_text,
)
from camagent.model.fault import FaultCode
from camagent.model.finding import TRUST_RULE, Outcome, Verdict
from camagent.report.blocks import CameraBlock, camera_blocks, login_block_lines
from camagent.report.not_checked import missed_groups
from camagent.text import say
from camagent.text.vietnamese import clean_line

# addresses not checked for one reason; more are one line, or they push the cameras off the screen
MAX_ONE_BY_ONE = 3
MAX_STREAM_CHARS = 50  # "MPEG-4 · 2560×1440 · 25,02 hình/s · 12,55 Mbit/s" has 47
MAX_NIGHT_CHARS = 600
MAX_CELL_CHARS = 32  # columns stay aligned whatever a camera calls itself
WIDE_CHARS = 110  # narrower screens have no room for the model, and the address stands under the name

_STYLE = {Verdict.READY: "bold green", Verdict.NOT_READY: "bold red", Verdict.UNDETERMINED: "bold yellow"}
SIGN = {Verdict.READY: "✓", Verdict.NOT_READY: "✗", Verdict.UNDETERMINED: "?"}
_COLUMNS = ("verdict", "camera", "address", "device", "stream", "action")


def print_table(document: ScanDocument, console: Console, lang: str) -> None:
    """Log-ins, banner, one line a camera with its reasons, coverage, summary; plain aligned text where it is
    piped.

    A wrong password is the first line: nothing else can be right before it is.
    """
    waiting = login_blocks(document)
    _print_logins([block for block in waiting if block.cause is LoginCause.REJECTED], document, console, lang)
    if not document.profile.authoritative:
        banner = Text(say("report.banner.provisional", lang), style="bold yellow")
        console.print(banner, soft_wrap=not console.is_terminal)
    _print_logins(
        [block for block in waiting if block.cause is not LoginCause.REJECTED], document, console, lang
    )
    blocks = camera_blocks([camera for camera in document.cameras if not waits_only_for_login(camera)], lang)
    if not document.cameras:
        console.print(Text(say("report.table.nothing_found", lang), style="bold red"))
    elif blocks and console.is_terminal:
        _print_rich(blocks, console, lang)
    elif blocks:
        _print_plain(blocks, console, lang)
    for line, style in _footer(document, lang):
        console.print(Text(line, style=style), soft_wrap=not console.is_terminal)


def _print_logins(blocks: list[LoginBlock], document: ScanDocument, console: Console, lang: str) -> None:
    for block in blocks:
        first, *rest = login_block_lines(block, document, lang)
        style = "bold red" if block.cause is LoginCause.REJECTED else "bold yellow"
        console.print(Text(first, style=style), soft_wrap=not console.is_terminal)
        for line in rest:
            _print_under(line, console)


def _print_under(line: str, console: Console) -> None:
    """A line that belongs to the one above; broken between words on a terminal, so never within an
    address."""
    if console.is_terminal:
        console.print(Padding(Text(line), (0, 0, 0, 2)))
    else:
        console.print(Text(f"    {line}"), soft_wrap=True)


def _cells(camera: CameraView, lang: str) -> tuple[str, ...]:
    verdict = f"{SIGN[camera.verdict]} {say(f'report.verdict.{camera.verdict}', lang)}"
    texts = (camera.name, camera.address, device_text(camera.device, lang))
    stream = clean_line(stream_text(main_column(camera), lang), MAX_STREAM_CHARS)
    return (
        verdict,
        *(clean_line(text, MAX_CELL_CHARS) for text in texts),
        stream,
        say(f"report.action.{camera.upgrade.action}", lang),
    )


def _headers(lang: str) -> tuple[str, ...]:
    return tuple(say(f"report.table.{name}", lang) for name in _COLUMNS)


def _print_rich(blocks: tuple[CameraBlock, ...], console: Console, lang: str) -> None:
    from rich.table import Table  # a terminal's only: what is piped is aligned without it

    wide = console.width >= WIDE_CHARS
    table = Table(expand=False, pad_edge=False, header_style="bold")
    for name, header in zip(_COLUMNS, _headers(lang), strict=True):
        if wide or name not in ("address", "device"):
            # The longest word of these two is an address: it keeps its line, others break.
            whole = name == ("address" if wide else "camera")
            table.add_column(header, overflow="fold", min_width=_longest_address(blocks) if whole else None)
    for camera in _cameras(blocks):
        verdict, name, address, device, stream, action = _cells(camera, lang)
        place = name if name == address else f"{name}\n{address}"
        middle = [name, address, device] if wide else [place]
        table.add_row(Text(verdict, style=_STYLE[camera.verdict]), *map(Text, (*middle, stream, action)))
    console.print(table)
    for block in blocks:
        if block.lines:
            console.print(Text(block.heading(), style="bold"))
            _print_under("\n".join(block.lines), console)


def _longest_address(blocks: tuple[CameraBlock, ...]) -> int:
    return max(len(clean_line(camera.address, MAX_CELL_CHARS)) for camera in _cameras(blocks))


def _cameras(blocks: Iterable[CameraBlock]) -> Iterator[CameraView]:
    return chain.from_iterable(block.cameras for block in blocks)


def _print_plain(blocks: tuple[CameraBlock, ...], console: Console, lang: str) -> None:
    """Reasons stand under the last camera that has them."""
    groups = [[_headers(lang)], *([_cells(camera, lang) for camera in block.cameras] for block in blocks)]
    lines_under = [(), *(block.lines for block in blocks)]
    columns = zip(*chain.from_iterable(groups), strict=True)
    widths = [max(map(len, column)) for column in columns]
    for lines, group in zip(lines_under, groups, strict=True):
        for row in group:
            text = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            console.print(Text(text), soft_wrap=True)
        for line in lines:
            _print_under(line, console)


def _nights(document: ScanDocument, lang: str) -> Iterator[tuple[str, str]]:
    """What the last look by night showed, where that was not good and this run did not see the same."""
    for camera in document.cameras:
        images = [stream.image.conditions for stream in camera.watched if stream.image]
        shown_now = set(chain.from_iterable(images))
        if camera.by_night is not None and not shown_now.issuperset(camera.by_night.conditions):
            yield clean_line(night_text(camera.by_night, lang, camera.name), MAX_NIGHT_CHARS), "yellow"


def _was_stopped(document: ScanDocument) -> bool:
    faults = chain.from_iterable(camera.faults for camera in document.cameras)
    return any(fault.code == FaultCode.STOPPED for fault in faults)


def _of_the_site(document: ScanDocument, lang: str) -> Iterator[tuple[str, str]]:
    """What was found of the school as a whole.

    A check of named targets says nothing of it, unless it is already too much; nor does a school that waits
    for a login, or was not looked at to its end. Whom the user has just trusted is in the report.
    """
    shown = [Outcome.FAIL, Outcome.WARN, Outcome.DEFECT]
    if not (document.is_check or login_blocks(document) or _was_stopped(document)):
        shown.append(Outcome.NOT_ASSESSED)
    for finding in document.site_findings:
        if finding.outcome in shown and not finding.manual and finding.rule != TRUST_RULE:
            yield f"{finding.message.to(lang)} [{finding.rule}]", "yellow"


def _footer(document: ScanDocument, lang: str) -> Iterator[tuple[str, str]]:
    coverage, summary = document.coverage, document.summary
    # What the user stopped is one note with a count, and needs no line each.
    missed = [row for row in coverage.not_checked if row.why != FaultCode.STOPPED]
    for group in missed_groups(missed, lang):
        listed = group.addresses
        if len(listed) <= MAX_ONE_BY_ONE:
            for address in listed:
                yield say("report.table.not_checked", lang, address=address, why=group.why), "yellow"
        else:
            first = ", ".join(listed[:MAX_ONE_BY_ONE])
            yield (
                say("report.table.many_not_checked", lang, count=len(listed), why=group.why, first=first),
                "yellow",
            )
    for note in coverage.notes:
        yield note_text(note, lang), "yellow"
    if not _was_stopped(document):
        yield from _nights(document, lang)
    for camera in document.retired:
        yield retired_text(camera, lang), "dim"
    yield coverage_text(coverage, lang), "yellow" if missed else ""
    yield from _of_the_site(document, lang)
    yield say("report.table.profile", lang, id=document.profile.id, version=document.profile.version), "dim"
    budget = budget_of(upgrade_rows(document, lang)).text(lang)
    if budget:
        yield f"{say('report.upgrade.budget', lang)}: {budget}", ""
    counts = {"ready": summary.ready, "not_ready": summary.not_ready, "undetermined": summary.undetermined}
    yield say("report.table.summary", lang, total=summary.total, **counts), "bold"
