"""The store's tables and their migrations, oldest first. Each step runs once, in one transaction."""

from __future__ import annotations

Migrations = tuple[tuple[str, ...], ...]
"""Statements of each step; the file's user_version counts the steps that it has seen."""

MIGRATIONS: Migrations = (
    (
        # Every scan; `document` is the result document, compressed JSON. Thinned to one a week after
        # RAW_DAYS.
        """CREATE TABLE scan (
            id INTEGER PRIMARY KEY,
            started_at TEXT NOT NULL,
            finished_at TEXT NOT NULL,
            profile_id TEXT NOT NULL,
            profile_digest TEXT NOT NULL,
            ready INTEGER NOT NULL,
            not_ready INTEGER NOT NULL,
            undetermined INTEGER NOT NULL,
            document BLOB NOT NULL
        ) STRICT""",
        "CREATE INDEX scan_by_time ON scan (started_at)",
        # One row each time that a camera is not as it was.
        """CREATE TABLE camera_state (
            camera_id TEXT NOT NULL,
            at TEXT NOT NULL,
            verdict TEXT NOT NULL,
            action TEXT NOT NULL,
            name TEXT NOT NULL,
            address TEXT NOT NULL,
            model TEXT,
            firmware TEXT,
            failed TEXT NOT NULL,
            PRIMARY KEY (camera_id, at)
        ) STRICT, WITHOUT ROWID""",
        # One row a camera and day: how often it was asked, and answered.
        """CREATE TABLE camera_day (
            camera_id TEXT NOT NULL,
            day TEXT NOT NULL,
            probes INTEGER NOT NULL,
            answered INTEGER NOT NULL,
            PRIMARY KEY (camera_id, day)
        ) STRICT, WITHOUT ROWID""",
        # `video_source` and `signs` are JSON: a device may call them anything.
        """CREATE TABLE known_device (
            id TEXT PRIMARY KEY,
            address TEXT NOT NULL,
            video_source TEXT NOT NULL,
            signs TEXT NOT NULL
        ) STRICT, WITHOUT ROWID""",
        "CREATE TABLE pin (address TEXT PRIMARY KEY, fingerprint TEXT NOT NULL) STRICT, WITHOUT ROWID",
        """CREATE TABLE manual_answer (
            camera_id TEXT NOT NULL,
            rule TEXT NOT NULL,
            met INTEGER NOT NULL,
            answered_by TEXT NOT NULL,
            answered_on TEXT NOT NULL,
            expires TEXT,
            note TEXT,
            PRIMARY KEY (camera_id, rule)
        ) STRICT, WITHOUT ROWID""",
        # What the office decided about a row of the upgrade list; the newest decision counts, all are kept.
        """CREATE TABLE decision (
            id INTEGER PRIMARY KEY,
            row_id TEXT NOT NULL,
            decision TEXT NOT NULL,
            note TEXT,
            source TEXT NOT NULL,
            at TEXT NOT NULL
        ) STRICT""",
        "CREATE INDEX decision_by_row ON decision (row_id, id)",
    ),
    (
        # Where each ONVIF service answered: a camera is not on the usual port because we were restarted.
        "ALTER TABLE known_device ADD COLUMN service_url TEXT",
        # When it was last met: those that were not met for longest are forgotten first (MAX_KNOWN).
        "ALTER TABLE known_device ADD COLUMN met_at TEXT",
    ),
    (
        # How a camera's picture looks, in numbers from which no face can be drawn: `kind` is "day" or
        # "infrared" for its reference, "latest" for the last check. About 2 kB a row.
        """CREATE TABLE picture (
            camera_id TEXT NOT NULL,
            kind TEXT NOT NULL,
            at TEXT NOT NULL,
            luma BLOB NOT NULL,
            detail BLOB NOT NULL,
            chroma_u REAL NOT NULL,
            chroma_v REAL NOT NULL,
            sharpness REAL,
            infrared INTEGER NOT NULL,
            sound INTEGER NOT NULL,
            PRIMARY KEY (camera_id, kind)
        ) STRICT""",
    ),
    (
        # Devices that let us in. Those of a record from before this table were all given the log-in of their
        # range.
        "CREATE TABLE trusted_device (address TEXT PRIMARY KEY, endpoint TEXT, at TEXT) STRICT, WITHOUT "
        "ROWID",
        "INSERT OR IGNORE INTO trusted_device SELECT address, NULL, met_at FROM known_device",
        # Addresses and ranges that the operator trusts.
        "CREATE TABLE trust_grant (network TEXT PRIMARY KEY, at TEXT NOT NULL) STRICT, WITHOUT ROWID",
    ),
    (
        # Cameras that answered once: expected until a person retires or forgets them. `words` is JSON: what
        # the device said of itself; `state` is "expected", "retired" or "forgotten"; `said_…` is the person's
        # word.
        """CREATE TABLE expected_camera (
            id TEXT PRIMARY KEY,
            site TEXT NOT NULL,
            name TEXT NOT NULL,
            address TEXT NOT NULL,
            video_source TEXT,
            words TEXT NOT NULL,
            present_at TEXT NOT NULL,
            place TEXT,
            state TEXT NOT NULL,
            said_by TEXT,
            said_on TEXT,
            reason TEXT
        ) STRICT, WITHOUT ROWID""",
    ),
    (
        # The fault register: from the first check that a camera did not answer to the last one.
        """CREATE TABLE outage (
            camera_id TEXT NOT NULL,
            began_at TEXT NOT NULL,
            missed_at TEXT NOT NULL,
            ended INTEGER NOT NULL,
            PRIMARY KEY (camera_id, began_at)
        ) STRICT, WITHOUT ROWID""",
        "CREATE INDEX outage_by_time ON outage (missed_at)",
    ),
    (
        # What a trusted device must show again before it is given a log-in.
        "ALTER TABLE trusted_device ADD COLUMN mac TEXT",
        "ALTER TABLE trusted_device ADD COLUMN serial TEXT",
        "ALTER TABLE trusted_device ADD COLUMN tls_port INTEGER",
        "ALTER TABLE trusted_device ADD COLUMN certificate TEXT",
    ),
    (
        # What a look by night showed: kind "night_latest", without numbers; "night" is a reference in colour
        "ALTER TABLE picture ADD COLUMN conditions TEXT NOT NULL DEFAULT ''",
    ),
)
