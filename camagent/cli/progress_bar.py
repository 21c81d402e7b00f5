"""How far a search or a scan is, on the terminal: the phase, the time left, and each camera as it is done."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

from camagent.cli.language import lang, t

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, ProgressColumn, Task, TaskID

    from camagent.model.scan_result import CameraResult
    from camagent.run.fleet import Fleet, FleetOptions, Job, Step
    from camagent.run.onlooker import Onlooker, Remaining

PHASES = ("multicast", "directed", "ports", "check", "again")


@contextmanager
def progress_on_terminal(
    fleet: Fleet | None = None, options: FleetOptions | None = None
) -> Iterator[Onlooker]:
    """A progress bar on stderr where that is a terminal, one plain line a phase where it is not.

    With a fleet and its options also the time that its checks will still take.
    """
    from rich.console import Console

    from camagent.run.onlooker import Onlooker, Remaining, first_guess_s

    console = Console(stderr=True)
    if not console.is_terminal:
        yield Onlooker(_PlainLines().progress)
        return
    remaining = None
    if fleet is not None and options is not None:
        remaining = Remaining(first_guess_s(options), fleet.at_once)
    with _bar(console, remaining) as bar:
        lines = _TerminalOnlooker(console, bar, remaining)
        yield Onlooker(lines.progress, step=lines.step, cameras=lines.cameras)


def _bar(console: Console, remaining: Remaining | None) -> Progress:
    """Loaded for a terminal only: it takes a thirtieth of a whole check."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        _left_column(remaining),
        console=console,
    )


def _words(phase: str) -> str:
    return t(f"cli.phase.{phase}") if phase in PHASES else phase


@dataclass(slots=True)
class _PlainLines:
    """What an onlooker is told where nobody sits at a terminal."""

    phases: set[str] = field(default_factory=set)

    def progress(self, phase: str, done: int, total: int) -> None:
        if phase not in self.phases:
            self.phases.add(phase)
            click.echo(_words(phase) + " …", err=True)


@dataclass(slots=True)
class _TerminalOnlooker:
    """What an onlooker at a terminal is told."""

    console: Console
    bar: Progress
    remaining: Remaining | None
    tasks: dict[str, TaskID] = field(default_factory=dict)

    def progress(self, phase: str, done: int, total: int) -> None:
        if phase not in self.tasks:
            self.tasks[phase] = self.bar.add_task(_words(phase), total=total or None)
            if self.remaining is not None and phase == "check":
                self.remaining.waiting = total
            if self.remaining is not None and phase == "again":
                self.remaining.begin_second(total, time.monotonic())
        self.bar.update(self.tasks[phase], completed=done, total=total or None)

    def step(self, job: Job, step: Step) -> None:
        if self.remaining is not None:
            self.remaining.begin(job.place, step, time.monotonic())

    def cameras(self, job: Job, cameras: tuple[CameraResult, ...]) -> None:
        """One line each, above the bar."""
        if self.remaining is not None:
            self.remaining.end(job.place, cameras, time.monotonic())
        for camera in cameras:
            self.console.print(camera_line(camera), soft_wrap=True, highlight=False, markup=False)


def camera_line(camera: CameraResult) -> str:
    """One camera that was just checked: sign, address, name, first verdict."""
    from camagent.report.terminal import SIGN
    from camagent.text.vietnamese import clean_line

    facts = camera.facts
    name = "" if facts.name == facts.address else clean_line(facts.name, 32)
    verdict = t(f"report.verdict.{camera.verdict.value}")
    return "  ".join(filter(None, (SIGN[camera.verdict], clean_line(facts.address, 40), name, verdict)))


def _left_column(remaining: Remaining | None) -> ProgressColumn:
    """A column of the bar that counts down while the checks run; elsewhere it is empty."""
    from rich.progress import ProgressColumn
    from rich.text import Text

    from camagent.text.quantities import left_text

    class Left(ProgressColumn):
        def render(self, task: Task) -> Text:
            if remaining is None or task.finished:
                return Text("")
            left_s = remaining.left_s(time.monotonic())
            return Text(left_text(left_s, lang()) if left_s else "")

    return Left()
