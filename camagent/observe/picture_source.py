"""What a decoder needs beside the pictures of a stream. Pure."""

from __future__ import annotations

from camagent.observe.capture import TrackDescription
from camagent.observe.codec.codec import PictureSource
from camagent.observe.codec.table import is_sps
from camagent.observe.receiver import TrackReceiver


def picture_source(description: TrackDescription, track: TrackReceiver) -> PictureSource:
    """Parameter sets for the decoder: those of the description first, so that newer ones in band win."""
    codec, own = description.codec, [nal for _, nal in track.builder.parameter_sets]
    latest = [nal for nal in own if not is_sps(codec, nal)]
    sps = [nal for nal in own if is_sps(codec, nal)][-1:]
    width, height = track.extension_size_px or (description.width_px, description.height_px)
    return PictureSource(
        codec,
        (*description.parameter_sets, *sps, *latest),
        width,
        height,
        description.donl,
        track.builder.jpeg_tables,
    )
