"""Numbers that the standards of RTP and RTSP fix for senders and receivers alike. Pure."""

from __future__ import annotations

VIDEO_CLOCK_HZ = 90_000
"""Of every video format of RFC 3551 and its successors."""
NTP_TO_UNIX_S = 2_208_988_800
"""From 1900, where the clock of sender reports begins, to 1970."""
MAX_JPEG_SIDE_PX = 2040
"""RFC 2435: width and height travel as one byte, in units of eight pixels."""
UNSUPPORTED_TRANSPORT = 461
"""RTSP status: the camera does not do RTP over this transport."""
