"""The program's own log on a screen: one line for each event, and a traceback only where it was asked
for."""

from __future__ import annotations

import logging

from camagent.cli.language import t
from camagent.model.defect import place_of


class OneLine(logging.Formatter):
    """Of a bug of ours the place alone, whoever logs it (asyncio does): messages may quote a camera.

    All of it where a developer asked for DEBUG.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        bug = record.exc_info[1] if record.exc_info else None
        if bug is None or logging.getLogger().level <= logging.DEBUG:
            return super().format(record)
        return f"{record.levelname} {t('cli.defect', where=place_of(bug))}"


def log_to_stderr(level: str) -> None:
    """From now on everything that this program and its libraries log goes to stderr."""
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine("%(levelname)s %(message)s"))
    logging.basicConfig(level=level, handlers=[handler])
