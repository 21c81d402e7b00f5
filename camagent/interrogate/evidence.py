"""HTTP exchanges as text for the transcript, and back again. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlsplit

from camagent.interrogate.device_link import HttpRequest
from camagent.model.fault import FaultCode
from camagent.model.printable import printable
from camagent.wire.http_reply import HttpReply

AT = "camagent-received-at"
LATIN1 = "camagent-latin-1"
FAULT = "camagent-fault"


def render_exchange(request: HttpRequest, reply: HttpReply | FaultCode, at: datetime) -> tuple[str, str]:
    """Both sides as they would stand on the wire; our own marks begin with "camagent-"."""
    parts = urlsplit(request.url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = [f"POST {path} HTTP/1.1", f"Host: {parts.netloc}", f"camagent-scheme: {parts.scheme}"]
    sent = "\n".join([*lines, *(f"{k}: {v}" for k, v in request.headers), "", request.body.decode()])
    stamp = f"{AT}: {at.astimezone(UTC).isoformat()}"
    if not isinstance(reply, HttpReply):
        return sent, f"{FAULT}: {reply.value}\n{stamp}\n\n"
    try:
        body, marks = reply.body.decode("utf-8"), [stamp]
    except UnicodeDecodeError:
        body, marks = reply.body.decode("latin-1"), [stamp, f"{LATIN1}: yes"]
    headers = (f"{k}: {printable(v)}" for k, v in reply.headers)
    return sent, "\n".join([f"HTTP/1.1 {reply.status}", *marks, *headers, "", body])


def parse_reply(text: str) -> tuple[HttpReply | FaultCode, datetime | None]:
    """The device's side of an exchange, and when it was received; garbage becomes MALFORMED_REPLY."""
    head, _, body = text.partition("\n\n")
    first, *rest = head.split("\n")
    headers = tuple((k.strip(), v.strip()) for k, sep, v in (line.partition(":") for line in rest) if sep)
    marks = {k: v for k, v in headers if k.startswith("camagent-")}
    at = _stamp(marks.get(AT))
    name, _, value = first.partition(": ")
    if name == FAULT:
        is_code = value in FaultCode.__members__.values()
        return (FaultCode(value) if is_code else FaultCode.MALFORMED_REPLY), at
    status = first.partition(" ")[2][:3]
    if not (status.isascii() and status.isdigit()):
        return FaultCode.MALFORMED_REPLY, at
    encoding = "latin-1" if LATIN1 in marks else "utf-8"
    plain = tuple(h for h in headers if not h[0].startswith("camagent-"))
    return HttpReply(int(status), plain, body.encode(encoding, "replace")), at


def _stamp(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
