"""The manual page camagent(1), made from the help texts of every command. Pure but for importing them."""

from __future__ import annotations

from collections.abc import Iterator

import click

from camagent import __version__
from camagent.cli.language import t
from camagent.cli.mistakes import (
    EXIT_NOT_READY,
    EXIT_READY,
    EXIT_STOPPED,
    EXIT_UNDETERMINED,
    EXIT_USAGE,
)

EXIT_CODES = {
    EXIT_READY: "ready",
    EXIT_NOT_READY: "not_ready",
    EXIT_USAGE: "usage",
    EXIT_UNDETERMINED: "undetermined",
    EXIT_STOPPED: "stopped",
}
SAID_ONCE = {"--lang", "--help"}
"""They stand on every command: the page says so at its beginning."""
VARIABLES = ("CAMAGENT_LANG", "CAMAGENT_CONFIG_DIR", "CAMAGENT_DATA", "CAMAGENT_PASSWORD", "NO_COLOR")


def man_page(program: click.Group) -> str:
    """The page in roff (man macros), in the language of this run; it ends with a newline."""
    context = click.Context(program, info_name="camagent")
    lines = [
        f'.TH CAMAGENT 1 "" "camagent {__version__}" "camagent"',
        f".SH {t('cli.man.name')}",
        f"camagent \\- {escaped(t('cli.man.short'))}",
        f".SH {t('cli.man.synopsis')}",
        f".B camagent\n{escaped(' '.join(program.collect_usage_pieces(context)))}",
        f".SH {t('cli.man.description')}",
        *_paragraphs(program.help),
        ".PP",
        escaped(t("cli.man.more")),
        f".SH {t('cli.help.commands').upper()}",
        *_commands(program, context),
        f".SH {t('cli.man.exit_status')}",
    ]
    for code, name in EXIT_CODES.items():
        lines += [".TP", f".B {code}", escaped(t(f"cli.man.exit.{name}"))]
    lines.append(f".SH {t('cli.man.environment')}")
    for name in VARIABLES:
        lines += [".TP", f".B {name}", escaped(t(f"cli.man.variable.{name}"))]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """Words that roff prints as they stand: no escape, no request, hyphens that can be copied."""
    text = " ".join(text.split()).replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{text}" if text.startswith((".", "'")) else text


def _commands(group: click.Group, context: click.Context) -> Iterator[str]:
    """Every command below a group, each with its options, in the order of `--help`."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        own = click.Context(command, info_name=name, parent=context)
        yield f".SS {escaped(f'{own.command_path} ' + ' '.join(command.collect_usage_pieces(own)))}"
        yield from _paragraphs(command.help)
        for option in command.get_params(own):
            record = option.get_help_record(own)
            if record is not None and not SAID_ONCE.intersection(option.opts):
                yield from (".TP", f".B {escaped(record[0])}", escaped(record[1]) or "\\&")
        if command.epilog:
            yield from (".PP", escaped(command.epilog))
        if isinstance(command, click.Group):
            yield from _commands(command, own)


def _paragraphs(text: str | None) -> Iterator[str]:
    for number, paragraph in enumerate((text or "").split("\n\n")):
        if number:
            yield ".PP"
        yield escaped(paragraph)
