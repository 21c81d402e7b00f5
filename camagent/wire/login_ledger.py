"""Who was let in and who was refused, so that no camera is ever locked out by us.

Shared by every stage that logs in. One refusal per device and secret, then nobody tries that pair again; a
device that speaks of a lock, or counts attempts down, is left alone altogether. What was sent and neither
accepted nor refused may have been counted by the device: MAX_UNCLEAR of that, unless the pair was accepted
before. A `RefusalRecord` carries all this over to other processes and restarts; without one it is remembered
in memory only.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Protocol

from camagent.model.clock import Clock
from camagent.model.fault import FaultCode
from camagent.model.login_strength import Strength
from camagent.model.secret import MAX_UNCLEAR, Credential
from camagent.model.trust import OwnSigns
from camagent.model.usable_numbers import usable_mac

TURN_S = 10.0  # for another process to learn whether the device takes the login; it is answered in a second
TURN_STEP_S = 0.2
# of one device: two of IPv4, two of IPv6; more that show one MAC stand behind a router, or a series has it
MAX_ADDRESSES = 4
MAX_PAIRS = 100_000  # devices × secrets of the largest run; above it the ledger refuses rather than forgets


async def in_turn(judge: Callable[[], FaultCode | None], clock: Clock) -> FaultCode | None:
    """What `judge` says of a login once no other process is trying it; BUSY where that takes longer than
    TURN_S."""
    until_s = clock.monotonic_s() + TURN_S
    while (code := judge()) is FaultCode.BUSY and clock.monotonic_s() < until_s:
        await clock.sleep(TURN_STEP_S)
    return code


class RefusalRecord(Protocol):
    """Where refusals outlive the process; nothing of it raises."""

    def know(self, device: str, signs: OwnSigns) -> None:
        """Who is at this address, as it shows before any log-in."""

    def claim(self, device: str, credential: Credential) -> FaultCode | None:
        """Before a log-in is sent; AUTH_REJECTED, AUTH_UNCLEAR or BUSY where it must not be."""

    def sent(self, device: str, credential: Credential) -> None:
        """It goes out at this moment."""

    def returned(self, device: str, credential: Credential) -> None:
        """The device wants it in another way, and has not judged it."""

    def unclear(self, device: str, credential: Credential) -> bool:
        """Nobody knows what the device made of it; False where that could not be kept."""

    def refuse(self, device: str, credential: Credential) -> bool:
        """The device refused it; False where that could not be kept."""

    def accept(self, device: str, credential: Credential) -> None:
        """The device accepted it."""

    def was_accepted(self, device: str, credential: Credential) -> bool:
        """The device let this pair in at some time, and has not refused it since."""

    def strongest(self, place: str) -> Strength | None:
        """The strongest log-in that was ever asked for at this place; None where none was."""

    def note_strength(self, place: str, strength: Strength) -> None:
        """Remember it."""


class OpenedLate:
    """A record that is opened when the first log-in is about to be sent: a run without one leaves no file
    behind."""

    def __init__(self, opened: Callable[[], RefusalRecord | None]) -> None:
        """opened: asked once; None where it cannot be used."""
        self._opened = functools.cache(opened)

    def know(self, device: str, signs: OwnSigns) -> None:
        if (record := self._opened()) is not None:
            record.know(device, signs)

    def claim(self, device: str, credential: Credential) -> FaultCode | None:
        record = self._opened()
        return None if record is None else record.claim(device, credential)

    def sent(self, device: str, credential: Credential) -> None:
        if (record := self._opened()) is not None:
            record.sent(device, credential)

    def returned(self, device: str, credential: Credential) -> None:
        if (record := self._opened()) is not None:
            record.returned(device, credential)

    def unclear(self, device: str, credential: Credential) -> bool:
        record = self._opened()
        return record is not None and record.unclear(device, credential)

    def refuse(self, device: str, credential: Credential) -> bool:
        record = self._opened()
        return record is not None and record.refuse(device, credential)

    def accept(self, device: str, credential: Credential) -> None:
        if (record := self._opened()) is not None:
            record.accept(device, credential)

    def was_accepted(self, device: str, credential: Credential) -> bool:
        record = self._opened()
        return record is not None and record.was_accepted(device, credential)

    def strongest(self, place: str) -> Strength | None:
        record = self._opened()
        return None if record is None else record.strongest(place)

    def note_strength(self, place: str, strength: Strength) -> None:
        if (record := self._opened()) is not None:
            record.note_strength(place, strength)


class LoginLedger:
    """Remembers refusals of this run (or, in the agent, of this day) where the record does not keep them."""

    def __init__(
        self,
        record: RefusalRecord | None = None,
        neighbours: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        """neighbours: by address, the MAC that answers ARP for it now."""
        self._record, self._neighbours = record, neighbours
        self._refused: set[tuple[str, str, str]] = set()
        self._locked: set[str] = set()
        self._ours: set[tuple[str, str, str]] = set()
        """Pairs that this process has claimed and that were not refused since, or that were accepted."""
        self._let_in: set[tuple[str, str, str]] = set()
        """Pairs that were accepted in this run."""
        self._unanswered: set[tuple[str, str, str]] = set()
        """Pairs that are out, or were when whoever waited for the answer was ended."""
        self._unclear: Counter[tuple[str, str, str]] = Counter()
        """How often a pair was sent and neither accepted nor refused."""
        self._strongest: dict[str, Strength] = {}
        self._signs: dict[str, OwnSigns] = {}
        self._shown: Counter[str | None] = Counter()
        """At how many addresses a sign was seen."""

    def know(self, address: str, signs: OwnSigns) -> None:
        """Who is at this address, as far as it shows before any log-in: what it refused elsewhere counts."""
        before = self._signs.get(address, OwnSigns())
        now = signs.beside(before)
        if now == before or len(self._signs) >= MAX_PAIRS:
            return
        self._signs[address] = now
        self._shown.subtract((before.mac, before.endpoint))
        self._shown.update((now.mac, now.endpoint))

    def why_not(self, address: str, credential: Credential) -> FaultCode | None:
        """Why this log-in must not be sent to that device; None: it may be, and is about to be.

        Returns: AUTH_STRANGER (somebody else took the address since), LOCKED_OUT, AUTH_REJECTED (refused
        before), AUTH_UNCLEAR (nobody knows how it was judged), or BUSY (another process is trying it now).
        """
        key = self._key(address, credential)
        if self._is_another(address):
            return FaultCode.AUTH_STRANGER
        if address in self._locked:
            return FaultCode.LOCKED_OUT
        if key in self._refused:
            return FaultCode.AUTH_REJECTED
        if key in self._unanswered or self._unclear[key] >= MAX_UNCLEAR:
            return FaultCode.AUTH_UNCLEAR
        if self._record is None or key in self._ours:
            return None
        self._record.know(address, self._own_signs(address))
        code = self._record.claim(address, credential)
        if code is None:
            self._ours.add(key)
        return code

    def sent(self, address: str, credential: Credential) -> None:
        """A log-in that nothing has proved goes out now: if nobody hears the answer it counts as refused."""
        if len(self._unanswered) < MAX_PAIRS:
            self._unanswered.add(self._key(address, credential))
        if self._record is not None:
            self._record.sent(address, credential)

    def returned(self, address: str, credential: Credential) -> None:
        """The device wants it in another way (a newer nonce, another door), and has not judged it."""
        self._unanswered.discard(self._key(address, credential))
        if self._record is not None:
            self._record.returned(address, credential)

    def unclear(self, address: str, credential: Credential) -> bool:
        """It went out, and silence, an error or something unreadable came back: the device may have counted
        it.

        Returns: False for a pair that was accepted before, which is not counted: it is not wrong, the device
        is slow.
        """
        key = self._key(address, credential)
        self._unanswered.discard(key)
        if key in self._let_in or (
            self._record is not None and self._record.was_accepted(address, credential)
        ):
            return False
        self._ours.discard(key)
        is_kept = self._record is not None and self._record.unclear(address, credential)
        if not is_kept and len(self._unclear) < MAX_PAIRS:
            self._unclear[key] += 1
        return True

    def may_answer(self, place: str, offer: Strength, *, openly: bool = True) -> bool:
        """True where a log-in of this strength may be sent: nothing stronger was ever asked for there.

        place: door, host and port. openly: it was asked for before any log-in, and is remembered; what a
        device asks for only after it refused another log-in is not, because that one comes first again.
        """
        before = self._strongest.get(place)
        if before is None and self._record is not None:
            before = self._record.strongest(place)
        if before is not None and offer.is_below(before):
            return False
        strongest = offer if before is None else offer.joined(before)
        if openly and strongest != before and self._record is not None:
            self._record.note_strength(place, strongest)
        if openly and len(self._strongest) < MAX_PAIRS:
            self._strongest[place] = strongest
        return True

    def is_locked(self, address: str) -> bool:
        """True once the device spoke of a lock or counted attempts down."""
        return address in self._locked

    def accepted(self, address: str, credential: Credential) -> None:
        """The device let this pair in."""
        key = self._key(address, credential)
        self._unanswered.discard(key)
        if len(self._let_in) < MAX_PAIRS:
            self._let_in.add(key)
        self._unclear.pop(key, None)
        if self._record is not None:
            self._ours.add(key)
            self._record.accept(address, credential)

    def refused(self, address: str, credential: Credential, *, certain: bool = True) -> None:
        """The device refused this pair: never again in this run; and where that is `certain`, not within a
        day."""
        key = self._key(address, credential)
        self._unanswered.discard(key)
        self._ours.discard(key)
        if certain and self._record is not None and self._record.refuse(address, credential):
            return  # it is asked before each try, and a person may lift it there meanwhile
        if len(self._refused) >= MAX_PAIRS:
            self._locked.add(address)
            return
        self._refused.add(key)

    def locked(self, address: str, credential: Credential | None = None) -> None:
        """The device is locked, or close to it: nobody logs in there again in this run, nor with this
        credential in a day."""
        self._locked.add(address)
        if credential is None:
            return
        self._unanswered.discard(self._key(address, credential))
        if self._record is not None:
            self._record.refuse(address, credential)

    def new_day(self) -> None:
        """Forget: the agent tries a refused pair once more a day, when locks have long run out."""
        self._refused.clear()
        self._locked.clear()
        self._ours.clear()
        self._unanswered.clear()
        self._unclear.clear()

    def _is_another(self, address: str) -> bool:
        """Another network card answers there than when it was found: we are connected, so ARP has just been
        asked."""
        earlier = self._signs.get(address, OwnSigns()).mac
        now = usable_mac(self._neighbours().get(address)) if earlier is not None else None
        return now is not None and now != earlier

    def _own_signs(self, address: str) -> OwnSigns:
        """Without what too many addresses show to be one device's."""
        signs = self._signs.get(address, OwnSigns())
        mac = signs.mac if self._shown[signs.mac] <= MAX_ADDRESSES else None
        return OwnSigns(mac, signs.endpoint if self._shown[signs.endpoint] <= MAX_ADDRESSES else None)

    @staticmethod
    def _key(address: str, credential: Credential) -> tuple[str, str, str]:
        return (address, credential.user, credential.secret.fingerprint())
