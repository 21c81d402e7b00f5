"""When it is light and when it is dark in Vietnam, in every season, by the clock. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

VIETNAM_TIME = timezone(timedelta(hours=7))
SUN_HOURS = (8, 16)  # the sun is well up; in Ca Mau as in Ha Giang, in December as in June
LIGHT_HOURS = (6, 18)  # it may be light
DARK_MIN = (18 * 60 + 30, 5 * 60)  # from half past six in the evening to five in the morning it is dark


def by_day(moment: datetime) -> bool:
    """The sun is well up."""
    return SUN_HOURS[0] <= moment.astimezone(VIETNAM_TIME).hour < SUN_HOURS[1]


def may_be_light(moment: datetime) -> bool:
    """There is light, or nearly."""
    return LIGHT_HOURS[0] <= moment.astimezone(VIETNAM_TIME).hour < LIGHT_HOURS[1]


def by_night(moment: datetime) -> bool:
    """It is dark."""
    local = moment.astimezone(VIETNAM_TIME)
    return is_dark(local.hour * 60 + local.minute)


def is_dark(minute: int) -> bool:
    """The same of minutes after midnight."""
    return minute >= DARK_MIN[0] or minute < DARK_MIN[1]
