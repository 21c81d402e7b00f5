"""`camagent serve`: the agent until it is told to end, its lines as journald reads them."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

import click

from camagent.cli.language import requested_language, set_language, t, tm
from camagent.model.text import message
from camagent.platform.ending import run_until_ended
from camagent.platform.garbage import look_as_usual
from camagent.platform.process import leave_no_dump

logger = logging.getLogger("camagent")
_PRIORITIES = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}


@click.command("serve", help=t("agent.help.serve"), epilog=t("cli.help.example", example="camagent serve"))
@click.option(
    "--config", "config_path", type=click.Path(path_type=Path, dir_okay=False), help=t("cli.help.config")
)
@click.option("--listen", metavar="HOST:PORT", help=t("agent.help.listen"))
def serve_command(config_path: Path | None, listen: str | None) -> int:
    """Watch the site until SIGTERM or SIGINT; SIGHUP reads the configuration anew."""
    look_as_usual()  # what a start leaves lying would be half a megabyte of holes for as long as this runs
    from camagent.app import open_site_store, read_config
    from camagent.app.service import Parts, Speech, serve

    leave_no_dump()
    config = read_config(config_path)
    set_language(requested_language(sys.argv[1:], os.environ) or config.agent.language)
    _log_for_journal()
    speech = Speech(tm, lambda text, level: logger.log(level, "%s", text))
    parts = Parts(config_path, listen, config)
    store = open_site_store(config)
    if store.set_aside is not None:
        speech.tell(message("agent.set_aside", path=str(store.set_aside)))
    try:
        run_until_ended(serve(parts, store, speech))
    finally:
        store.close()
    return 0


def _log_for_journal() -> None:
    """Priorities as journald reads them from stderr; plain lines on a terminal."""
    journal = "JOURNAL_STREAM" in os.environ

    class JournalFormatter(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            text = " ".join(record.getMessage().split())
            return (
                f"<{_PRIORITIES.get(record.levelno, 6)}>{text}" if journal else f"{record.levelname} {text}"
            )

    handler = logging.StreamHandler()
    handler.setFormatter(JournalFormatter())
    logging.basicConfig(level=os.environ.get("CAMAGENT_LOG", "INFO").upper(), handlers=[handler], force=True)
