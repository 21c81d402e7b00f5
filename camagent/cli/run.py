"""What `scan`, `check` and `demo` share: results on the screen and in files."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from camagent.cli.language import lang, t, tm
from camagent.cli.mistakes import exit_code
from camagent.cli.terminal_lines import write_lines
from camagent.model.operator_error import OperatorError
from camagent.model.text import Message, message, os_reason
from camagent.platform.whole_files import GROUP_READABLE, PRIVATE, make_folder, write_whole

if TYPE_CHECKING:
    from camagent.document.model import ScanDocument
    from camagent.model.scan_result import ScanResult


FILE_TIME_S = 2.0  # how coarse some file systems keep the time of a file


def show(result: ScanResult, output_format: str) -> ScanDocument:
    """Print the result on stdout as asked and hand back its document."""
    from rich.console import Console

    from camagent.document.write import scan_document
    from camagent.report.json_ import render_json
    from camagent.report.terminal import print_table

    document = scan_document(result)
    if output_format == "json":
        click.echo(render_json(document), nl=False)
    else:
        print_table(document, Console(), lang())
    return document


def write_reports(
    document: ScanDocument,
    folder: Path,
    group_readable: bool,
    pictures: Mapping[str, Sequence[bytes]] | None = None,
) -> list[Path]:
    """JSON, HTML, XLSX and CSV of a result into a folder, each file whole or not at all.

    pictures: by camera id, small JPEG files for the HTML report, where the operator asked for them.
    Raises: OperatorError where the folder cannot be written.
    """
    from camagent.report.csv_ import render_csv
    from camagent.report.html import render_html
    from camagent.report.json_ import render_json
    from camagent.report.xlsx import render_xlsx

    files = {
        "camagent.json": render_json(document).encode(),
        "camagent.html": render_html([document], lang(), pictures=pictures).encode(),
        "camagent.xlsx": render_xlsx([document], lang()),
        "camagent.csv": render_csv([document], lang()).encode("utf-8"),
    }
    return [write_report(folder / name, content, group_readable) for name, content in files.items()]


def kept_for_report(result: ScanResult, folder: Path | None) -> dict[str, list[bytes]]:
    """By camera id: the small pictures that this run has put into the folder of `--keep-images`."""
    from camagent.model.kept_names import REPORT_SUFFIX, picture_stem
    from camagent.model.stream import FileTarget, StreamTarget

    pictures: dict[str, list[bytes]] = {}
    since_s = result.started_at.timestamp() - FILE_TIME_S
    for camera in result.cameras if folder is not None else ():
        for stream in camera.facts.streams:
            if folder is None or not isinstance(stream.target, StreamTarget | FileTarget):
                continue
            stem = picture_stem(folder, stream.target)
            path = stem.with_name(stem.name + REPORT_SUFFIX)
            with suppress(OSError):  # the disk refused it, or no picture of this stream was decoded
                if path.stat().st_mtime >= since_s:
                    pictures.setdefault(camera.facts.id, []).append(path.read_bytes())
    return pictures


def write_report(path: Path, content: bytes, group_readable: bool) -> Path:
    """Replace a report in one step; it tells which cameras are weak, so that others read it only where that
    is wanted.

    Raises: OperatorError with path and reason.
    """
    try:
        make_folder(path.parent, 0o750 if group_readable else 0o700)
        write_whole(path, content, GROUP_READABLE if group_readable else PRIVATE)
    except OSError as error:
        raise OperatorError(message("cli.cannot_write", path=str(path), reason=os_reason(error))) from None
    return path


def hand_over(content: bytes, path: Path | None, group_readable: bool) -> None:
    """A report to stdout where it has no file, else to its file, which is then named.

    Raises: OperatorError with path and reason.
    """
    if path is None:
        sys.stdout.buffer.write(content)
    else:
        warn(t("cli.written", path=str(write_report(path, content, group_readable))))


def exit_code_of(result: ScanResult) -> int:
    """The contract's exit code of a run."""
    from camagent.model.finding import Verdict

    return exit_code(
        result.count(Verdict.NOT_READY), result.count(Verdict.UNDETERMINED), result.count(Verdict.READY)
    )


def warn_of(what: Message) -> None:
    """The same of a sentence that has no language yet."""
    warn(tm(what))


def warn(text: str) -> None:
    """One line to stderr, where it disturbs no JSON."""
    write_lines(text, err=True)
    sys.stderr.flush()
