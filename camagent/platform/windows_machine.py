"""Firewall and clock on Windows, read from the registry; nothing is changed and no program is started."""

from __future__ import annotations

import sys
import winreg

assert sys.platform == "win32"  # so that the type checker reads the rest with --platform win32 only

_POLICY = r"SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy"
_PROFILES = {
    "PublicProfile": "windows_public",
    "StandardProfile": "windows_private",
    "DomainProfile": "windows_domain",
}
_TIME_SERVICE = r"SYSTEM\CurrentControlSet\Services\W32Time"
_DISABLED = 4  # the start type of a service that nothing starts


def firewalls() -> tuple[str, ...]:
    """`windows_public` and so on: the firewall profiles that are switched on."""
    return tuple(
        name for key, name in _PROFILES.items() if _value(rf"{_POLICY}\{key}", "EnableFirewall") == 1
    )


def clock_kept() -> bool | None:
    """False where the time service is switched off; None otherwise: the registry does not say whether it
    succeeds."""
    if (
        _value(_TIME_SERVICE, "Start") == _DISABLED
        or _value(rf"{_TIME_SERVICE}\Parameters", "Type") == "NoSync"
    ):
        return False
    return None


def _value(key: str, name: str) -> object:
    try:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, key) as opened:
            return winreg.QueryValueEx(opened, name)[0]
    except OSError:
        return None
