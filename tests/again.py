"""A test that fails while the machine kept its process waiting runs again; if it fails then too, it failed.

Many tests watch a camera over a real window of time. Where the machine gives our process no turn for longer
than such a window bears (`camagent.observe.rtsp.window.LOOP_LAG_LIMIT_S` is half a second), the product says
that it is not sure, and the test has shown nothing. Whether that was so is measured here, beside each test:
a failure on a machine that kept up is final, and what runs again is named at the end of the run.
"""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

STEP_S = 0.05
KEPT_WAITING_S = 0.2  # later than that a window, or a wait of half a second, is no longer what it was
MOST_AGAIN = 2
LONGEST_S = 100.0  # of an attempt that is repeated: all of them are within the time that a test may take
# what camagent promises at any load: a login sent twice, or a secret shown, is one failure and no mishap
NEVER_AGAIN = frozenset(
    ("test_one_wrong_try.py", "test_logins.py", "test_secrets.py", "test_no_images.py", "test_cell.py")
)
PROPERTY = "kept_waiting_s"


class Lateness(threading.Thread):
    """Sleeps, and notes by how much it woke too late at most."""

    def __init__(self) -> None:
        super().__init__(name="lateness", daemon=True)
        self.most_s = 0.0

    def run(self) -> None:
        while True:
            due_s = time.monotonic() + STEP_S
            time.sleep(STEP_S)
            self.most_s = max(self.most_s, time.monotonic() - due_s)


class Again:
    """The plugin; tests/conftest.py registers it."""

    def __init__(self) -> None:
        self.lateness = Lateness()
        self.lateness.start()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: Any, nextitem: Any) -> bool:
        """As pytest's own, and once more where the failure says nothing."""
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        for attempt in range(MOST_AGAIN + 1):
            self.lateness.most_s, began_s = 0.0, time.monotonic()
            reports = runtestprotocol(item, nextitem=nextitem, log=False)
            is_final = attempt == MOST_AGAIN or item.path.name in NEVER_AGAIN
            is_final = is_final or self.lateness.most_s < KEPT_WAITING_S
            is_final = is_final or time.monotonic() - began_s > LONGEST_S
            if is_final or not any(report.failed for report in reports):
                break
            item.user_properties.append((PROPERTY, round(self.lateness.most_s, 2)))
            item._initrequest()
        for report in reports:
            item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Each test that ran more than once, with how late the machine was."""
        for reports in terminalreporter.stats.values():
            for report in reports:
                late_s = [value for name, value in getattr(report, "user_properties", ()) if name == PROPERTY]
                if late_s and report.when == "call":
                    terminalreporter.write_line(f"ran again, kept waiting for {late_s} s: {report.nodeid}")
