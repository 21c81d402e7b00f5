"""The command `camagent`: loads only the command that was asked for, and tells mistakes in one line."""

from __future__ import annotations

import importlib
import logging
import os
import sys
from pathlib import Path
from typing import Any

import click

from camagent import __version__
from camagent.cli import language
from camagent.cli.language import t, tm
from camagent.cli.log_lines import log_to_stderr
from camagent.cli.mistakes import (
    EXIT_BROKEN_PIPE,
    EXIT_STOPPED,
    EXIT_UNDETERMINED,
    EXIT_USAGE,
    error_line,
    usage_line,
)
from camagent.cli.terminal_lines import write_lines
from camagent.model.defect import place_of
from camagent.model.operator_error import OperatorError
from camagent.platform.console import speak_utf8
from camagent.platform.ending import end_politely
from camagent.text import LANGUAGES

COMMANDS = {
    "init": "camagent.cli.init:init_command",
    "ui": "camagent.cli.ui:ui_command",
    "demo": "camagent.cli.demo:demo_command",
    "discover": "camagent.cli.discover:discover_command",
    "scan": "camagent.cli.scan:scan_command",
    "check": "camagent.cli.check:check_command",
    "report": "camagent.cli.report:report_command",
    "history": "camagent.cli.history:history_command",
    "area": "camagent.cli.area:area_group",
    "baseline": "camagent.cli.baseline:baseline_group",
    "camera": "camagent.cli.camera:camera_group",
    "inventory": "camagent.cli.camera:inventory_group",
    "answer": "camagent.cli.answer:answer_command",
    "serve": "camagent.cli.serve:serve_command",
    "explain": "camagent.cli.explain:explain_command",
    "profile": "camagent.cli.profile:profile_group",
    "credentials": "camagent.cli.credentials:credentials_group",
    "doctor": "camagent.cli.doctor:doctor_command",
    "simulate": "camagent.cli.simulate:simulate_command",
    "onvif": "camagent.cli.onvif_operation:onvif_command",
    "assets": "camagent.cli.assets:assets_group",
}
"""Every command and where it lives; imported when it is asked for, so that `--help` answers at once."""


class Commands(click.Group):
    """A click group that imports a command only when somebody runs it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        place = COMMANDS.get(cmd_name)
        if place is None:
            return None
        module, _, name = place.partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        add_language(command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands from the catalogue, without importing any of them."""
        with formatter.section(t("cli.help.commands")):
            formatter.write_dl([(name, t(f"cli.help.{name}")) for name in COMMANDS])


NUMBERS = (click.types.IntParamType, click.types.FloatParamType)


def add_language(command: click.Command) -> None:
    """`--lang` stands on every command, and on every command of a group; so do our words for its usage line,
    which click fixes when a command is made."""
    command.options_metavar = t("cli.click.options_metavar")
    for parameter in command.params:
        if isinstance(parameter.type, NUMBERS) and parameter.metavar is None:
            parameter.metavar = "N"
    if not any(option.name == "lang" for option in command.params):
        command.params.append(lang_option())
    if isinstance(command, click.Group):
        command.subcommand_metavar = t("cli.click.subcommand_metavar")
        for name in command.commands:
            add_language(command.commands[name])


def lang_option() -> click.Option:
    """`--lang`; `choose_language` has already read it, so here it only has to be accepted and checked."""
    return click.Option(
        ["--lang"],
        type=click.Choice(LANGUAGES),
        expose_value=False,
        help=t("cli.help.lang"),
        callback=lambda _ctx, _param, value: language.set_language(value) if value else None,
    )


def build() -> click.Group:
    """The whole command line, in the language of this run."""
    return Commands(
        name="camagent",
        options_metavar=t("cli.click.options_metavar"),
        subcommand_metavar=t("cli.click.subcommand_metavar"),
        help=t("cli.help.camagent"),
        epilog=t("cli.help.example", example="camagent demo"),
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
        params=[
            lang_option(),
            click.Option(
                ["--version"],
                is_flag=True,
                is_eager=True,
                expose_value=False,
                help=t("cli.help.version"),
                callback=_show_version,
            ),
        ],
    )


def _show_version(ctx: click.Context, _param: click.Parameter, value: Any) -> None:
    if value and not ctx.resilient_parsing:
        click.echo(f"camagent {__version__} ({Path(__file__).resolve().parents[2]})")
        ctx.exit()


def speak() -> None:
    """Let click's own words ("Usage:", "Options:" …) come from our catalogue too; it takes them from
    gettext's `_`."""

    def translate(text: str) -> str:
        key = f"cli.click.{CLICK_WORDS[text]}" if text in CLICK_WORDS else None
        return t(key) if key is not None else text

    for module in (click.core, click.formatting, click.exceptions, click.decorators):
        vars(module)["_"] = translate


CLICK_WORDS = {
    "Usage: ": "usage",
    "Usage:": "usage",
    "Options": "options",
    "Commands": "commands",
    "[OPTIONS]": "options_metavar",
    "Show this message and exit.": "help",
    "required": "required",
    "default: {default}": "default",
}
"""What click says itself on every help page, and our keys for it."""


def main() -> None:
    """Run the command line; exits with the contract's codes (2: the operator's mistake, in one line)."""
    log_to_stderr(os.environ.get("CAMAGENT_LOG", "WARNING").upper())
    speak_utf8()
    speak()
    end_politely()  # the service takes its signals over for itself
    try:
        code = build().main(prog_name="camagent", standalone_mode=False)
    except OperatorError as error:
        for problem in error.problems:
            write_lines(error_line(tm(problem)), err=True)
        sys.exit(EXIT_USAGE)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        sys.exit(EXIT_USAGE)
    except click.UsageError as error:
        write_lines(error_line(usage_line(error)), err=True)
        if error.ctx is not None:
            write_lines(t("cli.try_help", command=error.ctx.command_path), err=True)
        sys.exit(EXIT_USAGE)
    except click.ClickException as error:
        click.echo(error_line(error.format_message()), err=True)
        sys.exit(EXIT_USAGE)
    except (click.Abort, KeyboardInterrupt):
        write_lines(t("cli.stopped"), err=True)
        sys.exit(EXIT_STOPPED)
    except BrokenPipeError:
        # The reader of our output went away (`| head`): nobody is left to tell, but 0 would say "all ready".
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(EXIT_BROKEN_PIPE)
    except (
        Exception
    ) as bug:  # the last door: told as ours, without its text, which may quote a camera or a password
        logging.getLogger(__name__).debug("defect", exc_info=True)
        write_lines(t("cli.error", text=t("cli.defect", where=place_of(bug))), err=True)
        sys.exit(EXIT_UNDETERMINED)
    sys.exit(code if isinstance(code, int) else 0)
