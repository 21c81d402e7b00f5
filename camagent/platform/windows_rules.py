"""What Windows Firewall's own rules say of one program; pure, so that it is read on every system.

A rule is a value of the registry: `v2.31|Action=Block|Active=TRUE|Dir=In|Protocol=17|Profile=Public|App=...`.
It reads the same in every language of Windows, as what netsh prints does not. Windows writes one that blocks
where somebody chooses Cancel when it asks about a program.
"""

from __future__ import annotations

from collections.abc import Iterable
from ntpath import expandvars, normcase

PROFILES = ("Public", "Private", "Domain")
_UDP = "17"


def blocked_profiles(rules: Iterable[str], program: str) -> frozenset[str]:
    """The profiles, of `PROFILES`, in which a rule blocks what the program would receive by UDP."""
    return _profiles(rules, program, "Block")


def allowed_profiles(rules: Iterable[str], program: str) -> frozenset[str]:
    """The profiles in which a rule lets it in and none blocks it: of two rules, Windows heeds the one that
    blocks."""
    return _profiles(rules, program, "Allow") - blocked_profiles(rules, program)


def _profiles(rules: Iterable[str], program: str, action: str) -> frozenset[str]:
    named: set[str] = set()
    for rule in rules:
        fields = [field.partition("=")[::2] for field in rule.split("|") if "=" in field]
        one = dict(fields)
        if (
            one.get("Action") == action
            and one.get("Active") == "TRUE"
            and one.get("Dir") == "In"
            and one.get("Protocol", _UDP) == _UDP
            and normcase(expandvars(one.get("App", ""))) == normcase(program)
        ):
            # a rule without a profile holds in each
            named |= {value for name, value in fields if name == "Profile"} or set(PROFILES)
    return frozenset(named)
