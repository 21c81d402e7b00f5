"""What was said on the wire, redacted, in a file that a person can read and camagent can judge again.

Redaction happens here, on the way in, whatever the caller did before: no password, digest, user name or
userinfo is ever held. Serial numbers and addresses are kept, because they are what a report is about. Opens
no socket.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from camagent import __version__
from camagent.model.device import DeviceTarget
from camagent.model.json_form import from_json, to_json
from camagent.model.operator_error import OperatorError
from camagent.model.secret import Credential
from camagent.model.secret_fields import Marks
from camagent.model.text import message, os_reason
from camagent.platform.whole_files import make_folder, write_whole
from camagent.wire.redaction import redact, redact_address, secret_forms, without

SCHEMA = "camagent.transcript/1"
MAX_EXCHANGES = 2000  # 256 media profiles with an address and a menu each, twice over
MAX_TEXT_CHARS = 3 * 1024 * 1024  # one side of one exchange: 256 media profiles at 9 kB, the largest recorded
MAX_TRANSCRIPT_CHARS = 16 * 1024 * 1024  # one device: a few such replies and everything else


@dataclass(frozen=True, slots=True)
class Exchange:
    """One thing said and what came back."""

    protocol: str
    """One of "soap", "tls", "tcp", "rtsp" or "capture"."""
    doing: str
    sent: str
    received: str
    elapsed_s: float


class Transcript:
    """The conversation with one device, in order, bounded."""

    def __init__(self, target: DeviceTarget | None = None) -> None:
        self.target = target
        self.truncated = 0
        """Exchanges beyond the bounds, that were not kept."""
        self._exchanges: list[Exchange] = []
        self._chars = 0
        self._secrets: dict[str, None] = {}
        self._marks = Marks()

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """Everything that was kept."""
        return tuple(self._exchanges)

    def hide(self, credential: Credential) -> None:
        """Remove this password wherever it turns up, in every form that it takes on the wire."""
        self._secrets |= dict.fromkeys(secret_forms(credential))

    def note(self, protocol: str, doing: str, sent: str, received: str, elapsed_s: float) -> None:
        """Keep one exchange, redacted; beyond the bounds only the count is kept."""
        size = min(len(sent), MAX_TEXT_CHARS) + min(len(received), MAX_TEXT_CHARS)
        if len(self._exchanges) >= MAX_EXCHANGES or self._chars + size > MAX_TRANSCRIPT_CHARS:
            self.truncated += 1
            return
        self._chars += size
        if protocol == "capture":
            doing = redact_address(doing, self._marks)
        texts = (self._clean(doing), self._clean(sent), self._clean(received))
        self._exchanges.append(Exchange(protocol, *texts, round(elapsed_s, 6)))

    def captures(self) -> dict[str, str]:
        """Stream captures (JSON) by the stream's address."""
        return {e.doing: e.received for e in self._exchanges if e.protocol == "capture"}

    def to_json(self) -> str:
        """The file's text: lines stay lines, so that it can be read and compared."""
        rows = [
            asdict(e) | {"sent": e.sent.split("\n"), "received": e.received.split("\n")}
            for e in self._exchanges
        ]
        target = to_json(self.target)
        document = {"schema": SCHEMA, "agent": __version__, "target": target, "truncated": self.truncated}
        return json.dumps(document | {"exchanges": rows}, ensure_ascii=False, indent=1) + "\n"

    def write(self, folder: Path, name: str) -> Path:
        """Write `NAME.transcript.json` into the folder, which is made if need be; for its owner's eyes.

        Raises: OSError.
        """
        make_folder(folder)
        path = folder / f"{re.sub(r'[^A-Za-z0-9._-]+', '_', name)[:100] or 'device'}.transcript.json"
        # one a device: waiting for the disk stops the loop
        write_whole(path, self.to_json().encode(), durable=False)
        return path

    def _clean(self, text: str) -> str:
        text = without(self._secrets, text)
        return redact(text[:MAX_TEXT_CHARS], self._marks)


def read_transcript(path: Path) -> Transcript:
    """A transcript from its file.

    Raises: OperatorError where the file is missing, too large, or no transcript of ours.
    """
    try:
        with path.open("rb") as file:  # a device says that it has no size, and never ends
            content = file.read(4 * MAX_TRANSCRIPT_CHARS + 1)
        if len(content) > 4 * MAX_TRANSCRIPT_CHARS:
            raise OperatorError(message("transcript.too_large"))
        return parse_transcript(content.decode("utf-8"))
    except OSError as error:
        raise OperatorError(message("transcript.unreadable", reason=os_reason(error))) from error
    except UnicodeDecodeError as error:
        raise OperatorError(message("transcript.not_text")) from error


def parse_transcript(text: str) -> Transcript:
    """The inverse of `to_json`; redacts again, so that a file made by hand leaks nothing either."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise OperatorError(message("transcript.not_json")) from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise OperatorError(message("transcript.other_schema", schema=SCHEMA))
    try:
        row = document["target"]
        transcript = Transcript(None if row is None else from_json(DeviceTarget, row, "target"))
        for row in document["exchanges"]:
            sent, received = "\n".join(row["sent"]), "\n".join(row["received"])
            transcript.note(str(row["protocol"]), str(row["doing"]), sent, received, float(row["elapsed_s"]))
        transcript.truncated += int(document["truncated"])
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise OperatorError(message("transcript.damaged")) from error
    return transcript
