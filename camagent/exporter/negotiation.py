"""What a request header asks for: format, language, log-in. Pure; no header of a stranger raises."""

from __future__ import annotations

import base64


def wants_openmetrics(accept: str) -> bool:
    """True if the client prefers OpenMetrics 1.0.0 (or takes it as gladly) over the plain text format."""
    weight = max(
        (
            _quality(piece)
            for piece in accept.split(",")
            if _name(piece) == "application/openmetrics-text"
            and "version=0.0.1" not in piece.replace(" ", "")
        ),
        default=0.0,
    )
    return weight > 0 and weight >= accepts(accept, "text/plain")


def preferred_language(accept: str, default: str) -> str:
    """The better liked of our two languages, by the browser's own order."""
    weights = {
        lang: max(
            (_quality(piece) for piece in accept.split(",") if _name(piece).split("-")[0] == lang),
            default=0.0,
        )
        for lang in ("vi", "en")
    }
    if weights["vi"] == weights["en"]:
        return default
    return "vi" if weights["vi"] > weights["en"] else "en"


def basic_credentials(header: str) -> tuple[str, bytes] | None:
    """User and password of an Authorization header; None if it is not a well-formed Basic one."""
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(token.strip(), validate=True).partition(b":")
        return (user.decode(), password) if colon else None
    except ValueError:  # not ASCII, not Base64, not UTF-8
        return None


def accepts(header: str, name: str) -> float:
    """How gladly the client takes that name, 0 (not at all) to 1."""
    return max((_quality(piece) for piece in header.split(",") if _name(piece) == name), default=0.0)


def _name(piece: str) -> str:
    return piece.partition(";")[0].strip().lower()


def _quality(piece: str) -> float:
    for parameter in piece.split(";")[1:]:
        key, _, value = parameter.strip().partition("=")
        if key.strip().lower() == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0
