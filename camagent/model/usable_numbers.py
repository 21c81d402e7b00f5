"""Which serial numbers, MAC addresses and endpoints tell devices apart; placeholders do not. Pure."""

from __future__ import annotations

import re

from camagent.model.scan_result import Declaration

_PLACEHOLDER_WORDS = frozenset(
    ("NONE", "NULL", "UNKNOWN", "NA", "NOTAVAILABLE", "UNDEFINED", "EMPTY", "DEFAULT")
    + ("SERIAL", "SERIALNUMBER", "SN", "GENERAL", "ONVIF", "TEST")
)
_PLACEHOLDER_NUMBERS = frozenset({"12345679890"})  # a slip of the counting row, home-assistant/core#63399
LONG_SPELLING = 8  # digits of an address that are looked for inside a longer serial
_PLACEHOLDER_MACS = frozenset(
    {
        "00:12:34:56:78:9a",  # home-assistant/core#59218
        "12:34:56:78:9a:bc",
        "00:12:34:56:78:90",
        "00:11:22:33:44:55",
        "aa:bb:cc:dd:ee:ff",
        "de:ad:be:ef:00:01",
        "01:23:45:67:89:ab",
    }
)


def usable_serial(text: str | None, address: str | None = None) -> str | None:
    """A serial number fit to tell cameras apart, in upper case without spaces; None for placeholders.

    Nor is one that spells the device's address (192.168.2.61: "192168261", seen of two makers): it changes
    with DHCP.
    """
    serial = re.sub(r"\s+", "", text or "").upper()[:MAX_SIGN_CHARS]
    bare = re.sub(r"[^0-9A-Z]", "", serial)
    if len(bare) < 4 or len(set(bare)) < 2 or bare in _PLACEHOLDER_WORDS or bare in _PLACEHOLDER_NUMBERS:
        return None
    if any(bare in row for row in _ROWS) or _spells_address(bare, address):
        return None
    return serial


def _spells_address(bare: str, address: str | None) -> bool:
    """Letters beside it do not make it a serial; of another address only the usual private range is
    recognised."""
    digits = re.sub(r"[^0-9]", "", bare)
    octets = (address or "").split(".")
    if len(octets) == 4 and all(octet.isdigit() and len(octet) <= 3 for octet in octets):
        if digits == "".join(octet.zfill(3) for octet in octets[1:]):
            return True
        for numbers in ([*map(int, octets)], [*map(int, reversed(octets))]):
            in_hex = "".join(f"{number:02X}" for number in numbers)
            spelled = {"".join(map(str, numbers)), "".join(f"{n:03d}" for n in numbers), str(int(in_hex, 16))}
            if digits in spelled or in_hex in bare:
                return True
            # behind a model's name, say; fewer digits may stand in a serial by accident
            if any(word in digits for word in spelled if len(word) >= LONG_SPELLING):
                return True
    return re.fullmatch(r"192168\d{2,6}", digits) is not None and _is_private(digits[6:])


def _is_private(rest: str) -> bool:
    """The digits after 192.168 can be read as two octets."""
    return any(
        int(rest[:cut]) <= 255 and int(rest[cut:]) <= 255 for cut in range(1, len(rest)) if len(rest) <= 6
    )


def usable_mac(text: str | None) -> str | None:
    """A MAC address as twelve hex digits with colons; None for placeholders, multicast and printf
    accidents."""
    groups = re.fullmatch(r"([0-9a-f]{2})[:-]?" * 5 + r"([0-9a-f]{2})", (text or "").strip().lower())
    if groups is None:
        return None
    mac = ":".join(groups.groups())
    digits = mac.replace(":", "")
    if int(digits[:2], 16) & 1 or len(set(digits)) < 3 or mac in _PLACEHOLDER_MACS:
        return None
    return mac


def usable_endpoint(text: str | None) -> str | None:
    """The UUID of a WS-Discovery endpoint reference, in lower case; of `urn:uuid:<MAC>` the MAC; else None.

    A UUID that ends with a MAC is as good as any (KuroNeko-san/ponvif#17 has the MAC alone).
    """
    match = re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", (text or "").lower())
    if match is None:
        return mac_of_endpoint(text)
    if len(set(match[0].replace("-", ""))) >= 4:
        return match[0]
    return usable_mac(match[0][-12:])


def mac_of_endpoint(text: str | None) -> str | None:
    """The MAC of an endpoint reference that is nothing but a MAC; None of any other."""
    return usable_mac(re.sub(r"^(urn:)?(uuid:)?", "", (text or "").strip().lower()))


def letters_and_digits(text: str | None) -> str:
    """The word in lower case, without what makers write between: "Model-X 2" and "modelx2" are one."""
    return re.sub(r"[^0-9a-z]", "", (text or "").lower())


def as_plain(text: str | None) -> str | None:
    word = letters_and_digits(text)[:MAX_SIGN_CHARS]
    return word if word and word.upper() not in _PLACEHOLDER_WORDS else None


# longest serial recorded: 37 characters (Hikvision: model, date and number); bounds what is stored
MAX_SIGN_CHARS = 128
_ROWS = (
    "0123456789012345678901234567890",
    "9876543210987654321098765432109",
    "0123456789ABCDEF0123456789ABCDEF",
)


def declared_serial(declared: Declaration) -> tuple[str, ...]:
    """The serial number of a line of the inventory; none for a recorder's channel or a placeholder."""
    serial = usable_serial(declared.serial, declared.address)
    return (serial,) if serial and not declared.channel else ()


def declared_mac(declared: Declaration) -> tuple[str, ...]:
    """The same of its MAC address."""
    mac = usable_mac(declared.mac)
    return (mac,) if mac and not declared.channel else ()
