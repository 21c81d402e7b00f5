"""Firewall and clock on Windows, read from the registry; nothing is changed and no program is started."""

from __future__ import annotations

import contextlib
import sys
import winreg
from collections.abc import Iterator

from camagent.platform.windows_rules import allowed_profiles, blocked_profiles

assert sys.platform == "win32"  # so that the type checker reads the rest with --platform win32 only

_POLICY = r"SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy"
_PROFILES = {
    "PublicProfile": "windows_public",
    "StandardProfile": "windows_private",
    "DomainProfile": "windows_domain",
}
MAX_RULES = 20_000  # a server has some hundred; more is a broken list
_TIME_SERVICE = r"SYSTEM\CurrentControlSet\Services\W32Time"
_DISABLED = 4  # the start type of a service that nothing starts


def firewalls() -> tuple[str, ...]:
    """`windows_public` and so on: the firewall profiles that are switched on and have no rule for us;
    `windows_blocks` where a rule blocks us, `windows_allows` where rules let us in wherever it is on."""
    rules = tuple(_texts(rf"{_POLICY}\FirewallRules"))
    blocked = {f"windows_{name.lower()}" for name in blocked_profiles(rules, sys.executable)}
    allowed = {f"windows_{name.lower()}" for name in allowed_profiles(rules, sys.executable)}
    on = [name for key, name in _PROFILES.items() if _value(rf"{_POLICY}\{key}", "EnableFirewall") == 1]
    if on and allowed.issuperset(on):
        return ("windows_allows",)
    silent = [name for name in on if name not in allowed | blocked]
    return ("windows_blocks", *silent) if blocked.intersection(on) else tuple(silent)


def clock_kept() -> bool | None:
    """False where the time service is switched off; None otherwise: the registry does not say whether it
    succeeds."""
    if (
        _value(_TIME_SERVICE, "Start") == _DISABLED
        or _value(rf"{_TIME_SERVICE}\Parameters", "Type") == "NoSync"
    ):
        return False
    return None


def _texts(key: str) -> Iterator[str]:
    with contextlib.suppress(OSError), winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, key) as opened:
        for number in range(MAX_RULES):  # the end of the list is an OSError
            yield str(winreg.EnumValue(opened, number)[1])


def _value(key: str, name: str) -> object:
    try:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, key) as opened:
            return winreg.QueryValueEx(opened, name)[0]
    except OSError:
        return None
