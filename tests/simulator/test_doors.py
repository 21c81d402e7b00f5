"""The simulated log-in lets in who is right, and nobody else."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest

from camagent.simulator.doors import DoorKeeper, SimulatedDoor

DOOR = SimulatedDoor("admin", "hunter2", ("digest-sha-256", "digest-md5-qop", "basic"), realm="R")


def nonce_of(keeper: DoorKeeper) -> str:
    match = re.search(r'nonce="([0-9a-f]+)"', keeper.challenge_lines()[0])
    assert match
    return match[1]


def answer(nonce: str, password: str = "hunter2", *, algorithm: str = "MD5", qop: bool = False) -> str:
    def digest(text: str) -> str:
        return hashlib.new(algorithm.replace("-", "").lower(), text.encode()).hexdigest()

    first, second = digest(f"admin:R:{password}"), digest("DESCRIBE:rtsp://h/p")
    middle = f"{nonce}:00000001:c:auth" if qop else nonce
    response = digest(f"{first}:{middle}:{second}")
    extra = ', qop=auth, nc=00000001, cnonce="c"' if qop else ""
    return (
        f'Digest username="admin", realm="R", nonce="{nonce}", uri="rtsp://h/p", response="{response}", '
        f"algorithm={algorithm}{extra}"
    )


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
@pytest.mark.parametrize("qop", [False, True])
def test_a_right_answer_is_admitted(algorithm: str, qop: bool) -> None:
    keeper = DoorKeeper(DOOR)
    assert keeper.admits("DESCRIBE", answer(nonce_of(keeper), algorithm=algorithm, qop=qop))
    assert keeper.wrong_answers == 0


def test_a_wrong_password_another_method_and_a_missing_answer_are_not() -> None:
    keeper = DoorKeeper(DOOR)
    assert not keeper.admits("DESCRIBE", answer(nonce_of(keeper), "hunter3"))
    assert not keeper.admits("SETUP", answer(nonce_of(keeper)))
    assert not keeper.admits("DESCRIBE", None)
    assert keeper.wrong_answers == 2


def test_an_answer_to_a_nonce_that_was_never_given_is_refused_and_not_counted() -> None:
    keeper = DoorKeeper(DOOR)
    assert not keeper.admits("DESCRIBE", answer("0" * 32))
    assert keeper.wrong_answers == 0


def test_an_algorithm_that_was_not_offered_is_refused() -> None:
    keeper = DoorKeeper(SimulatedDoor("admin", "hunter2", ("digest-sha-256",), realm="R"))
    assert not keeper.admits("DESCRIBE", answer(nonce_of(keeper), algorithm="MD5"))


def test_basic_is_taken_only_where_it_is_offered() -> None:
    value = "Basic " + base64.b64encode(b"admin:hunter2").decode()
    assert DoorKeeper(DOOR).admits("DESCRIBE", value)
    assert not DoorKeeper(SimulatedDoor("admin", "hunter2", realm="R")).admits("DESCRIBE", value)


def test_too_many_wrong_answers_lock_the_right_one_out() -> None:
    keeper = DoorKeeper(SimulatedDoor("admin", "hunter2", realm="R", lock_after=2))
    for _ in range(2):
        keeper.admits("DESCRIBE", answer(nonce_of(keeper), "no"))
    assert keeper.locked
    assert not keeper.admits("DESCRIBE", answer(nonce_of(keeper)))


def test_the_door_never_prints_its_password() -> None:
    assert "hunter2" not in repr(DOOR)
