"""The tables of the area's own record and their migrations, oldest first."""

from __future__ import annotations

from camagent.store.migrations import Migrations

MIGRATIONS: Migrations = (
    (
        # Every camera for which anything was ever asked, as it was last seen. `row_id` is school and camera.
        """CREATE TABLE camera (
            row_id TEXT PRIMARY KEY,
            site_id TEXT NOT NULL,
            site TEXT NOT NULL,
            area TEXT NOT NULL,
            name TEXT NOT NULL,
            address TEXT NOT NULL,
            place TEXT NOT NULL,
            serial TEXT NOT NULL,
            model TEXT NOT NULL,
            seen_at TEXT NOT NULL
        ) STRICT, WITHOUT ROWID""",
        "CREATE INDEX camera_by_site ON camera (site_id)",
        # One row each time that a school's result says something else of the camera; `at` is that result's
        # time, so that the same files give the same rows. `state` is asked, fine, retired or excluded.
        """CREATE TABLE state (
            row_id TEXT NOT NULL,
            at TEXT NOT NULL,
            state TEXT NOT NULL,
            verdict TEXT NOT NULL,
            action TEXT NOT NULL,
            reason TEXT NOT NULL,
            PRIMARY KEY (row_id, at)
        ) STRICT, WITHOUT ROWID""",
        # The journal: nothing is changed or deleted here. `as_of` is the day that the office gives it.
        """CREATE TABLE decision (
            id INTEGER PRIMARY KEY,
            row_id TEXT NOT NULL,
            decision TEXT NOT NULL,
            note TEXT,
            source TEXT NOT NULL,
            at TEXT NOT NULL,
            decided_by TEXT NOT NULL,
            as_of TEXT
        ) STRICT""",
        # Cameras that were found under another id: their decisions go with them.
        """CREATE TABLE moved (
            from_id TEXT PRIMARY KEY,
            to_id TEXT NOT NULL,
            at TEXT NOT NULL
        ) STRICT, WITHOUT ROWID""",
    ),
)
