"""The operator's mistakes, each told in one line, and the exit codes of the contract."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

import click

from camagent.cli.language import t
from camagent.platform.ending import EXIT_ENDED

EXIT_READY = 0
"""Every camera is ready."""
EXIT_NOT_READY = 1
"""At least one camera is not ready."""
EXIT_USAGE = 2
"""The command line, a configuration or a file is wrong."""
EXIT_UNDETERMINED = 3
"""None is not ready but some are undetermined, or nothing was found: an empty network is never 0."""

NEAR_RATIO = 0.6
"""How alike two words are that may be mistyped for each other, as difflib counts it."""
MAX_NEAR = 3

EXIT_STOPPED = EXIT_ENDED
"""Ctrl-C or SIGTERM: as a shell says it of SIGINT."""
EXIT_BROKEN_PIPE = 141
"""Nobody read our output to its end: as a shell says it of SIGPIPE."""


def exit_code(not_ready: int, undetermined: int, ready: int) -> int:
    """The contract's exit code for a set of verdicts."""
    if not_ready:
        return EXIT_NOT_READY
    if undetermined or not ready:
        return EXIT_UNDETERMINED
    return EXIT_READY


def error_line(problem: str) -> str:
    """The line for a mistake, without a log-in that was typed in the wrong place."""
    from camagent.model.uri import without_logins  # whoever makes no mistake does not wait for it

    return without_logins(t("cli.error", text=problem))


def usage_line(error: click.UsageError) -> str:
    """click's complaint in the language of this run."""
    if isinstance(error, click.NoSuchOption):
        return with_near(t("cli.usage.no_such_option", option=error.option_name), _near_options(error))
    if isinstance(error, click.MissingParameter):
        return t("cli.usage.missing", name=_parameter(error))
    if isinstance(error, click.BadParameter):
        return t("cli.usage.bad_value", name=_parameter(error), reason=_wanted(error))
    if isinstance(error, click.BadOptionUsage):
        return t("cli.usage.bad_option", option=error.option_name)
    if "No such command" in error.message:
        name = error.message.split("'")[1] if "'" in error.message else ""
        return with_near(t("cli.usage.no_such_command", name=name), close_to(name, _commands(error)))
    return t("cli.usage.other", reason=error.message)


def close_to(word: str, choices: Iterable[str]) -> tuple[str, ...]:
    """What somebody who typed `word` may have meant, nearest first; empty where nothing is near."""
    import difflib  # needed for mistakes only

    by_folded = {choice.casefold(): choice for choice in choices}
    near = difflib.get_close_matches(word.strip().casefold(), by_folded, n=MAX_NEAR, cutoff=NEAR_RATIO)
    return tuple(by_folded[folded] for folded in near)


def with_near(sentence: str, near: tuple[str, ...]) -> str:
    """The sentence, and the question whether one of the near names was meant."""
    return f"{sentence}. {t('cli.usage.near', names=', '.join(near))}" if near else sentence


def _commands(error: click.UsageError) -> list[str]:
    """The commands of the group in which the mistake was made."""
    group = error.ctx.command if error.ctx is not None else None
    return group.list_commands(error.ctx) if isinstance(group, click.Group) and error.ctx is not None else []


def _near_options(error: click.NoSuchOption) -> tuple[str, ...]:
    """The options of the command in which the mistake was made that are near to it."""
    command = error.ctx.command if error.ctx is not None else None
    params = command.params if command is not None else []
    names = chain.from_iterable(param.opts for param in params)
    return close_to(error.option_name, [name for name in names if name.startswith("-")])


def _wanted(error: click.BadParameter) -> str:
    """What the option takes, in the language of this run; click's own words where we have none."""
    kind = error.param.type if error.param is not None else None
    if isinstance(kind, click.Choice):
        return t("cli.usage.wanted_choice", choices=", ".join(map(str, kind.choices)))
    if isinstance(kind, click.FloatRange | click.IntRange):
        return t("cli.usage.wanted_range", low=kind.min, high=kind.max)
    if isinstance(kind, click.Path | click.File):
        return t("cli.usage.wanted_file")
    if isinstance(kind, click.DateTime):
        return t("cli.usage.wanted_date")
    return error.message


def _parameter(error: click.BadParameter) -> str:
    if error.param_hint:
        return error.param_hint if isinstance(error.param_hint, str) else " / ".join(error.param_hint)
    if error.param is not None:
        return (
            error.param.opts[0]
            if isinstance(error.param, click.Option)
            else str(error.param.make_metavar(error.ctx or click.Context(click.Command("camagent"))))
        )
    return "?"
