"""A camera's picture beside its own reference, and what of it may be kept. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone

from camagent.inventory.earlier_runs import SeenPicture
from camagent.model.scan import CameraResult
from camagent.model.stream import ImageFacts, PictureNumbers, StreamFacts, StreamRole
from camagent.observe.picture.reference import with_reference

VIETNAM_TIME = timezone(timedelta(hours=7))
DAY_HOURS = (8, 16)


def pictures_of(results: Sequence[CameraResult]) -> Iterator[SeenPicture]:
    """How each camera's main stream looked."""
    for result in results:
        for stream in result.facts.streams:
            image = stream.image
            if stream.role is StreamRole.MAIN and isinstance(image, ImageFacts) and image.numbers is not None:
                yield SeenPicture(result.facts.id, image.numbers, not image.conditions and not image.unsure)
                break


def by_day(moment: datetime) -> bool:
    """The sun is well up in Vietnam, in every season."""
    return DAY_HOURS[0] <= moment.astimezone(VIETNAM_TIME).hour < DAY_HOURS[1]


def against_reference(
    streams: tuple[StreamFacts, ...], references: Sequence[PictureNumbers]
) -> tuple[StreamFacts, ...]:
    """The main stream's picture beside the camera's own references."""
    return tuple(
        replace(stream, image=with_reference(stream.image, references, by_day(stream.started_at)))
        if references and stream.role is StreamRole.MAIN and isinstance(stream.image, ImageFacts)
        else stream
        for stream in streams
    )
