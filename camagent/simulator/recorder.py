"""A simulated recorder: so many channels at one address, each with a main and a lighter stream, and what
is kept of it. Pure data."""

from __future__ import annotations

from dataclasses import replace

from camagent.simulator.default_school import default_school
from camagent.simulator.faults import StreamFaults
from camagent.simulator.kept_video import kept_by_recorder
from camagent.simulator.simulated_camera import SimulatedCamera, SimulatedStream, honest_claim

MAIN_CLIPS = ("main_1080p_h264", "main_1080p_h265")
SUB_CLIPS = ("sub_360p_h264", "sub_360p_h265")


def recorder(channels: int, password: str = "", max_sessions: int | None = None) -> SimulatedCamera:
    """A recorder of so many channels; beyond `max_sessions` at a time, over all of them, SETUP is answered
    453."""
    base = default_school(3, password)[2]
    faults = StreamFaults(max_device_sessions=max_sessions)
    streams = []
    for channel in range(1, channels + 1):
        for kind, (clips, template) in enumerate(
            zip((MAIN_CLIPS, SUB_CLIPS), base.streams[:2], strict=True), 1
        ):
            clip_name = clips[channel % len(clips)]
            stream = SimulatedStream(
                f"Channel{channel}_{kind}",
                f"/Streaming/Channels/{channel}0{kind}",
                clip_name,
                honest_claim(clip_name),
                template.choices,
                faults,
                channel=channel,
            )
            streams.append(stream)
    return replace(
        base, name="Đầu ghi", model=f"SR-{channels}", streams=tuple(streams), kept=kept_by_recorder(channels)
    )
