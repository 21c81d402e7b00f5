"""May a stranger take a picture? One GET of the main snapshot address, on the operator's order, body unread.

Off by default: a snapshot has rebooted cameras with little memory (roleoroleo/yi-hack-Allwinner-v2#84).
"""

from __future__ import annotations

from collections.abc import Sequence

from camagent.interrogate.conversation import Conversation
from camagent.interrogate.envelopes import get_snapshot_uri
from camagent.interrogate.media_interview import MediaDoor
from camagent.interrogate.question_line import MIN_CALL_S
from camagent.model.device import MediaFacts, SnapshotAccess
from camagent.model.fault import Fault, FaultCode, Stage
from camagent.wire.http_reply import HttpReply

PEEK = "GET snapshot"
"""How a transcript calls the one GET."""


async def try_snapshot(
    conversation: Conversation, doors: Sequence[MediaDoor], media: MediaFacts | Fault
) -> SnapshotAccess | Fault | None:
    """What a caller without a log-in is answered; None where the device has no profile to ask about."""
    tokens = [profile.token for profile in media.profiles] if isinstance(media, MediaFacts) else []
    if not tokens or not doors:
        return None
    door = doors[0]
    outcome = await conversation.ask(get_snapshot_uri(door.namespace, tokens[0]), door.url)
    if isinstance(outcome, Fault):
        return outcome
    # rtsp://…, or a log-in inside: no stranger asks that
    if outcome is None or outcome.shown != str(outcome):
        return Fault(FaultCode.UNSUPPORTED, Stage.INTERROGATE, "GetSnapshotUri", 0.0)
    return await _peek(conversation, str(outcome.pinned(conversation.host)))


async def _peek(conversation: Conversation, url: str) -> SnapshotAccess | Fault:
    clock, limits = conversation.clock, conversation.limits
    started_s = clock.monotonic_s()
    time_s = min(limits.call_timeout_s, limits.deadline_s - started_s)
    if time_s < MIN_CALL_S:
        return Fault(FaultCode.BUDGET_SPENT, Stage.INTERROGATE, PEEK, 0.0)
    reply = await conversation.door.peek(url, time_s)
    elapsed_s = clock.monotonic_s() - started_s
    kind = (reply.header("Content-Type") or "").lower() if isinstance(reply, HttpReply) else ""
    if conversation.transcript is not None:
        shown = f"{reply.status} {kind}" if isinstance(reply, HttpReply) else reply.value
        conversation.transcript.note("http", PEEK, "", shown, elapsed_s)
    if not isinstance(reply, HttpReply):
        return Fault(reply, Stage.INTERROGATE, PEEK, round(elapsed_s, 3))
    if reply.status in (401, 403):
        return SnapshotAccess(False, reply.status)
    if reply.status == 200 and kind.startswith(("image/", "multipart/x-mixed-replace")):
        return SnapshotAccess(True, reply.status)
    code = FaultCode.NOT_FOUND if reply.status == 404 else FaultCode.MALFORMED_REPLY
    return Fault(code, Stage.INTERROGATE, PEEK, round(elapsed_s, 3), reply.status)
