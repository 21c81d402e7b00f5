"""`camagent history`: the last scans of this machine, or everything that changed at one camera."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from camagent.cli.language import lang, t
from camagent.cli.terminal_lines import write
from camagent.model.operator_error import OperatorError
from camagent.model.text import message
from camagent.model.uri import shown_as_typed

if TYPE_CHECKING:
    from camagent.document.states import CameraState
    from camagent.store import Store

MAX_SCANS = 30  # a month of daily scans; `report --compare` reaches further


@click.command(
    "history",
    help=t("cli.help.history"),
    epilog=t("cli.help.example", example='camagent history "Cổng chính"'),
)
@click.argument("camera", required=False, metavar="[CAMERA]")
@click.option(
    "--config", "config_path", type=click.Path(path_type=Path, dir_okay=False), help=t("cli.help.config")
)
def history_command(camera: str | None, config_path: Path | None) -> int:
    """Without a camera the scans, numbered as `report --compare` takes them; with one its changes, oldest
    first."""
    from camagent.app import open_site_store, read_config

    store = open_site_store(read_config(config_path))
    try:
        lines = list(_of_scans(store) if camera is None else _of_camera(store, camera))
    finally:
        store.close()
    for line in lines:
        write(line)
    return 0


def _of_scans(store: Store) -> Iterator[str]:
    from camagent.text.moments import moment_text

    rows = store.verdicts(MAX_SCANS)
    if not rows:
        raise OperatorError(message("cli.no_stored_scan"))
    for ago, (at, ready, not_ready, undetermined) in enumerate(rows):
        counts = {"ready": ready, "not_ready": not_ready, "undetermined": undetermined}
        summary = t("report.table.summary", total=sum(counts.values()), **counts)
        yield t(
            "cli.history.scan", ago=f"{ago:>3}" if ago else "   ", at=moment_text(at, lang()), summary=summary
        )


def _of_camera(store: Store, text: str) -> Iterator[str]:
    """Raises: OperatorError where no camera was ever called so."""
    from camagent.text.vietnamese import clean_line

    cameras = store.cameras_called(clean_line(text))
    if not cameras:
        raise OperatorError(message("cli.history.unknown", camera=shown_as_typed(text)[:60]))
    for camera_id in cameras:
        states = store.states(camera_id)
        yield t("cli.history.camera", name=states[-1].name, address=states[-1].address, id=camera_id)
        yield from (f"  {line}" for line in changes_of(states))


def changes_of(states: Sequence[CameraState]) -> Iterator[str]:
    """One line a state: when, the verdict, and what is not as it was in the state before."""
    from camagent.text.moments import moment_text

    before: CameraState | None = None
    for state in states:
        words = [t(f"report.verdict.{state.verdict}")]
        was, now = set(before.failed if before else ()), set(state.failed)
        for key, rules in (("rules_fixed", was - now), ("rules_broken", now - was)):
            if rules:
                words.append(t(f"report.since.{key}", rules=", ".join(sorted(rules))))
        if before is not None:
            pairs = (
                (before.name, state.name),
                (before.address, state.address),
                (before.firmware, state.firmware),
            )
            words += [f"{old or '–'} → {new or '–'}" for old, new in pairs if old != new]
        yield t("cli.history.state", at=moment_text(state.at, lang()), what="; ".join(words))
        before = state
