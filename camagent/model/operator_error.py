"""The one exception for what the operator has to put right: sentences that have no language yet."""

from __future__ import annotations

from camagent.model.text import Message, message

MAX_PROBLEMS = 100  # nobody reads more at once; a hostile file could fill the screen and the memory


class OperatorError(Exception):
    """A file, an option or a setting cannot be used; one sentence a problem: where, what is wrong, what to
    do.

    Raised where it is noticed and caught once, by the command line; the sentences get their language there.
    """

    def __init__(self, *problems: Message) -> None:
        more = len(problems) - MAX_PROBLEMS
        if more > 0:
            problems = (*problems[:MAX_PROBLEMS], message("config.more", count=more))
        super().__init__("\n".join(map(_plain, problems)))
        self.problems = problems

    @property
    def problem(self) -> Message:
        """The first sentence; the only one where a single thing can be wrong."""
        return self.problems[0]


def located(place: str, what: Message) -> Message:
    """A sentence with the place in front: file, row, key."""
    return message("config.at", place=place, what=what)


def _plain(problem: Message) -> str:
    """For developers, who meet the exception in a test or a debugger."""
    arguments = dict(problem.args)
    what = arguments.get("what")
    if problem.key == "config.at" and isinstance(what, Message):
        return f"{arguments['place']}: {_plain(what)}"
    shown = ", ".join(
        f"{name}={value.key if isinstance(value, Message) else value}" for name, value in problem.args
    )
    return f"{problem.key.rpartition('.')[2]} ({shown})"
