"""`camagent history`: the last scans of this machine, or everything that changed at one camera."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from camagent.cli.language import lang, t
from camagent.cli.terminal_lines import write_lines
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
    from camagent.cli.run import warn_of

    store = open_site_store(read_config(config_path), warn_of)
    try:
        lines = list(_of_scans(store) if camera is None else _of_camera(store, camera))
    finally:
        store.close()
    for line in lines:
        write_lines(line)
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
    from camagent.document.rule_names import rule_names
    from camagent.text.vietnamese import clean_line

    cameras = store.cameras_called(clean_line(text))
    if not cameras:
        raise OperatorError(message("cli.history.unknown", camera=shown_as_typed(text)[:60]))
    newest = store.latest()
    names = rule_names([newest], lang()) if newest is not None else {}
    for camera_id in cameras:
        states = store.states(camera_id)
        yield t("cli.history.camera", name=states[-1].name, address=states[-1].address, id=camera_id)
        yield from (f"  {line}" for line in changes_of(states, names))


def changes_of(states: Sequence[CameraState], names: Mapping[str, str]) -> Iterator[str]:
    """One line a state: when, the verdict, and what is not as it was in the state before.

    names: what rules are called, by id.
    """
    from camagent.text.moments import moment_text

    before: CameraState | None = None
    for state in states:
        words = [t(f"report.verdict.{state.verdict}")]
        was, now = set(before.failed if before else ()), set(state.failed)
        for key, rules in (("rules_fixed", was - now), ("rules_broken", now - was)):
            if rules:
                words.append(
                    t(f"report.since.{key}", rules=", ".join(names.get(rule, rule) for rule in sorted(rules)))
                )
        if before is not None:
            pairs = (
                ("name", before.name, state.name),
                ("address", before.address, state.address),
                ("firmware", before.firmware, state.firmware),
            )
            # What was not read then, or now, did not change.
            words += [
                t(f"cli.history.{what}", old=old, new=new)
                for what, old, new in pairs
                if old and new and old != new
            ]
        yield t("cli.history.state", at=moment_text(state.at, lang()), what="; ".join(words))
        before = state
