"""A camera's picture beside its own reference, and what of it may be kept. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from camagent.model.daylight import by_day, by_night
from camagent.model.earlier_runs import Memory, SeenPicture
from camagent.model.scan_result import CameraResult
from camagent.model.stream import ImageFacts, NightLook, StreamFacts, StreamRole
from camagent.observe.picture.reference import with_reference


def pictures_of(results: Sequence[CameraResult]) -> Iterator[SeenPicture]:
    """How each camera's main stream looked."""
    for result in results:
        for stream in result.facts.streams:
            image = stream.image
            if stream.role is StreamRole.MAIN and isinstance(image, ImageFacts) and image.numbers is not None:
                is_sound = not image.conditions and not image.unsure
                yield SeenPicture(result.facts.id, image.numbers, is_sound, _night_look(stream, image))
                break


def against_reference(
    streams: tuple[StreamFacts, ...], camera_id: str, memory: Memory
) -> tuple[StreamFacts, ...]:
    """The main stream's picture beside the camera's own references; by night beside that of the night too."""
    references = memory.references.get(camera_id, ())
    night = memory.night_references.get(camera_id)

    def compared(stream: StreamFacts) -> StreamFacts:
        if stream.role is not StreamRole.MAIN or not isinstance(stream.image, ImageFacts):
            return stream
        own = (*references, night) if night is not None and by_night(stream.started_at) else references
        image = with_reference(stream.image, own, by_day(stream.started_at)) if own else stream.image
        return replace(stream, image=image)

    return tuple(compared(stream) for stream in streams)


def seen_by_night(streams: Sequence[StreamFacts], before: NightLook | None) -> NightLook | None:
    """The look of this run, where it was one by night, else the one before."""
    for stream in streams:
        if stream.role is StreamRole.MAIN and isinstance(stream.image, ImageFacts):
            return _night_look(stream, stream.image) or before
    return before


def _night_look(stream: StreamFacts, image: ImageFacts) -> NightLook | None:
    return NightLook(stream.started_at, image.conditions) if by_night(stream.started_at) else None
