"""The operator's mistakes, each told in one line, and the exit codes of the contract."""

from __future__ import annotations

import click

from camagent.cli.language import t

EXIT_READY = 0
"""Every camera is ready."""
EXIT_NOT_READY = 1
"""At least one camera is not ready."""
EXIT_USAGE = 2
"""The command line, a configuration or a file is wrong."""
EXIT_UNDETERMINED = 3
"""None is not ready but some are undetermined, or nothing was found: an empty network is never 0."""

EXIT_STOPPED = 130
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


def usage_line(error: click.UsageError) -> str:
    """click's complaint in the language of this run."""
    if isinstance(error, click.NoSuchOption):
        return t("cli.usage.no_such_option", option=error.option_name)
    if isinstance(error, click.MissingParameter):
        return t("cli.usage.missing", name=_parameter(error))
    if isinstance(error, click.BadParameter):
        return t("cli.usage.bad_value", name=_parameter(error), reason=_wanted(error))
    if isinstance(error, click.BadOptionUsage):
        return t("cli.usage.bad_option", option=error.option_name)
    if "No such command" in error.message:
        return t(
            "cli.usage.no_such_command", name=error.message.split("'")[1] if "'" in error.message else ""
        )
    return t("cli.usage.other", reason=error.message)


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
