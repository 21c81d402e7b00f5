"""No camera is ever locked out by us: one refusal per device and secret, and a lock silences everybody."""

from __future__ import annotations

from camagent.model.secret import Credential, Secret
from camagent.wire.login_ledger import LoginLedger

GOOD = Credential("admin", Secret("one"))
OTHER = Credential("admin", Secret("two"))


def test_a_refused_pair_is_never_tried_again_and_others_are_untouched() -> None:
    ledger = LoginLedger()
    ledger.refused("192.0.2.1", GOOD)
    assert ledger.why_not("192.0.2.1", GOOD) is not None
    assert ledger.why_not("192.0.2.1", OTHER) is None
    assert ledger.why_not("192.0.2.2", GOOD) is None


def test_a_device_that_speaks_of_a_lock_is_left_alone_altogether() -> None:
    ledger = LoginLedger()
    ledger.locked("192.0.2.1")
    assert ledger.is_locked("192.0.2.1")
    assert ledger.why_not("192.0.2.1", OTHER) is not None
    assert ledger.why_not("192.0.2.2", OTHER) is None


def test_a_new_day_allows_one_more_try() -> None:
    ledger = LoginLedger()
    ledger.refused("192.0.2.1", GOOD)
    ledger.locked("192.0.2.2")
    ledger.new_day()
    assert ledger.why_not("192.0.2.1", GOOD) is None
    assert ledger.why_not("192.0.2.2", GOOD) is None


def test_the_ledger_holds_no_password() -> None:
    ledger = LoginLedger()
    ledger.refused("192.0.2.1", Credential("admin", Secret("hunter2")))
    assert "hunter2" not in repr(vars(ledger))


def test_a_full_ledger_refuses_rather_than_forgets() -> None:
    ledger = LoginLedger()
    ledger._refused.update(("x", "y", str(n)) for n in range(100_000))
    ledger.refused("192.0.2.9", GOOD)
    assert ledger.why_not("192.0.2.9", GOOD) is not None
