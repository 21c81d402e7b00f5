"""Why a camera has its verdict: which findings a person must know, and how a list tells them in few words.
Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from camagent.document.model import FindingView
from camagent.document.wording import basis_short
from camagent.model.finding import Outcome, Severity
from camagent.text import say
from camagent.text.vietnamese import clean_line

F = TypeVar("F", bound=FindingView)

MAX_RULES_A_LINE = 4  # a dead camera fails twenty rows for one reason; four names and the reason say it
MAX_REASON_CHARS = 100  # of the reason in a list of one line a camera

_WEIGHT = {severity: rank for rank, severity in enumerate(Severity)}
_URGENCY = {Outcome.FAIL: 0, Outcome.DEFECT: 1, Outcome.NOT_ASSESSED: 2, Outcome.WARN: 3}


def reasons(findings: Iterable[F]) -> tuple[F, ...]:
    """The findings that a person must know, weightiest first: failed, defect, not assessed, minimum only."""
    weighty = [finding for finding in findings if finding.outcome in _URGENCY and not finding.manual]
    return tuple(
        sorted(
            weighty,
            key=lambda item: (not item.weighty, _URGENCY[item.outcome], _WEIGHT[item.severity], item.rule),
        )
    )


def decisive(finding: FindingView) -> bool:
    """It decided the verdict, or it failed."""
    return finding.outcome in (Outcome.FAIL, Outcome.DEFECT) or finding.weighty


@dataclass(frozen=True, slots=True)
class Reasons:
    """The reasons for one camera's verdict, chosen once and told in several ways."""

    grounds: Sequence[FindingView]
    """All that a person must know, weightiest first."""
    first: Sequence[FindingView]
    """What decided the verdict and what failed; where that is nothing, everything that is told."""

    @classmethod
    def of(cls, findings: Iterable[FindingView]) -> Reasons:
        """Those of a camera with these findings."""
        everything = reasons(findings)
        return cls(everything, [finding for finding in everything if decisive(finding)] or everything)

    def lines(self, lang: str, limit: int, more: str = "report.table.more") -> list[str]:
        """One line each: rules that say the same share a line, small doubts are only counted.

        more: key of the line that counts the rest and says where they are.
        """
        groups = _grouped((finding.rule, finding.message.to(lang)) for finding in self.first)[:limit]
        lines = [f"{_rule_list(names)}: {text}" for text, names in groups]
        rest = len(self.grounds) - sum(len(names) for _, names in groups)
        return [*lines, say(more, lang, count=rest)] if rest else lines

    def bases(self, lang: str, limit: int) -> list[str]:
        """On what those reasons rest, rules with the same basis on one line."""
        groups = _grouped((finding.rule, basis_short(finding.basis, lang)) for finding in self.first)[:limit]
        return [f"{_rule_list(names)}: {text}" for text, names in groups]

    def weightiest(self, lang: str) -> tuple[str, int]:
        """The weightiest reason on one line, and how many others there are; empty where there is none."""
        texts = dict.fromkeys(finding.message.to(lang) for finding in self.first)
        return (clean_line(next(iter(texts)), MAX_REASON_CHARS), len(texts) - 1) if texts else ("", 0)

    def ground(self, lang: str) -> str:
        """On what the weightiest reason rests, and how sure it is; empty where there is none."""
        return clean_line(basis_short(self.first[0].basis, lang)) if self.first else ""


def _grouped(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, list[str]]]:
    groups: dict[str, list[str]] = {}
    for name, text in pairs:
        groups.setdefault(text, []).append(name)
    return list(groups.items())


def _rule_list(names: list[str]) -> str:
    names = list(dict.fromkeys(names))
    return ", ".join(names) if len(names) <= MAX_RULES_A_LINE else f"{', '.join(names[:MAX_RULES_A_LINE])} …"
