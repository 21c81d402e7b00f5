"""One window of watching: SETUP, PLAY, look on, and a Capture at the end. I/O through the session; nothing is
judged.

A window ends on a living stream: after its time is up one more packet must come, or the stream has stopped.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from camagent.model.clock import Clock
from camagent.model.fault import Fault, FaultCode, Stage
from camagent.model.rtp_numbers import UNSUPPORTED_TRANSPORT
from camagent.model.stream import TransportChoice
from camagent.observe.capture import Capture, PacketCounts, ReportTime, SenderClock
from camagent.observe.codec.table import codec_of
from camagent.observe.jitter import interarrival_jitter_s
from camagent.observe.lag import NOTED_LAG_S, lag_meter
from camagent.observe.receiver import TrackPlan, TrackReceiver
from camagent.observe.rtcp import Reception, SenderReport, parse_rtcp, render_receiver_report
from camagent.observe.rtsp.batching import turn_reader
from camagent.observe.rtsp.buffer import RECEIVE_BYTES
from camagent.observe.rtsp.connection import FULL_READS
from camagent.observe.rtsp.datagrams import DatagramPair, open_pair
from camagent.observe.rtsp.media import Media
from camagent.observe.rtsp.session import DescribeReply, RtspSession
from camagent.observe.rtsp.transport import GrantedTransport, Interleaved
from camagent.observe.rtsp.window_plan import WindowPlan, picture_memory, picture_times_s
from camagent.observe.silence import Silence

NOT_OVER_TCP = (UNSUPPORTED_TRANSPORT, 406)  # RTSPtoWeb#249, go2rtc#1510: refusals that UDP may mend
REPORT_EVERY_S = 5.0  # RFC 3550 §6.2: the usual minimum; Arlo stops after 10 s without one (mediamtx#1403)
ENOUGH_FRAMES = 6  # fewer tell neither a rate nor what kept them
# the send buffer of a small camera (64 kB–1 MB) and ours hold half a second of 4 Mbit/s
LOOP_LAG_LIMIT_S = 0.5
BEHIND_BYTES = 2 * RECEIVE_BYTES  # one full read may be the end of a burst
# how often the watch looks up while it waits for pictures: a timer and a task switch for each camera
WAKE_S = 1.0
QUIET_WAKE_S = 2.5  # … and while packets just flow
FIRST_WAKE_S = 0.05  # … while it waits for the first or the last packet
OWN_SSRC = 0x63616D61


class Watching:
    """The state of one window."""

    def __init__(self, session: RtspSession, described: DescribeReply, plan: WindowPlan) -> None:
        self.session = session
        self.described = described
        self.plan = plan
        self.faults: list[Fault] = []
        """What went wrong and was made good: interleaved TCP refused, then UDP."""
        self._clock: Clock = session.client.clock
        self._limits = session.client.limits
        self._connection = session.client.connection
        self._pair: DatagramPair | None = None
        self._track = TrackReceiver(self._track_plan())
        self._connected_s = self._play_s = self._playing_s = self._clock.monotonic_s()
        self._sender_clock: SenderClock | None = None
        self._report_times: list[ReportTime] = []
        self._last_report: tuple[SenderReport, float] | None = None
        self._last_counts = (0, 0)
        """Packets expected and lost until our last receiver report."""
        self._goodbye = False
        self._handed_over = False
        self._lag_s = 0.0
        self._excused_s = float("-inf")
        """Until when we ourselves were too late to hear anything."""

    async def run(self, connected_s: float) -> Capture | Fault:
        """Set up, play, watch; the caller tears down. Returns the Fault that prevented watching at all."""
        self._connected_s = connected_s
        try:
            granted = await self._set_up()
            if isinstance(granted, Fault):
                return granted
            self._play_s = self._clock.monotonic_s()
            refused = await self.session.play(self.described)
            if refused is not None:
                return refused
            self._playing_s = self._clock.monotonic_s()
            meter = lag_meter()
            since_s, turns = meter.start(), turn_reader()
            if self._pair is None:
                turns.join(self._connection)
            try:
                fault = await self._look_on()
            finally:
                turns.leave(self._connection)
                self._lag_s = meter.stop(since_s)
            return self._capture(self._excused(fault))
        finally:
            self._connection.media = None
            if self._pair is not None:
                self._pair.close()

    @property
    def track(self) -> TrackReceiver:
        """The receiver, with the pictures that it kept."""
        return self._track

    def _track_plan(self) -> TrackPlan:
        description, wanted = self.described.track, self.plan.pictures
        return TrackPlan(
            codec=codec_of(description.codec, description.donl),
            payload_type=self.described.format.payload_type,
            clock_hz=description.clock_hz,
            memory=picture_memory(),
            parameter_sets=description.parameter_sets,
            picture_times_s=picture_times_s(self.plan.window_s, wanted),
        )

    async def _set_up(self) -> GrantedTransport | Fault:
        if self.plan.transport is not TransportChoice.UDP:
            granted = await self.session.set_up(self.described, Interleaved())
            if isinstance(granted, GrantedTransport):
                self._attach_interleaved(granted)
                return granted
            if self.plan.transport is TransportChoice.TCP or not self._wants_datagrams(granted):
                return granted
            self.faults.append(granted)
            await self.session.give_back()
        return await self._set_up_datagrams()

    def _wants_datagrams(self, refused: Fault) -> bool:
        """The server refuses the transport, or has granted another than was asked for."""
        if refused.status is None:
            return refused.code is FaultCode.RTSP_ERROR and not self._connection.ended.done()
        return refused.status in NOT_OVER_TCP

    async def _set_up_datagrams(self) -> GrantedTransport | Fault:
        connection = self._connection
        if connection.local_address is not None and connection.peer_address is not None:
            self._pair = open_pair(connection.local_address, connection.peer_address)
        if self._pair is None:
            return Fault(FaultCode.BUDGET_SPENT, Stage.OBSERVE, "bind", 0.0)
        granted = await self.session.set_up(self.described, self._pair.ports)
        if isinstance(granted, GrantedTransport):
            self._pair.towards(granted.server_ports[1] if granted.server_ports else None)
            self._pair.listen(self._track, self._on_rtcp, self._clock, self._connection)
        return granted

    def _attach_interleaved(self, granted: GrantedTransport) -> None:
        """The server may choose other channels than we asked for."""
        rtp_channel, rtcp_channel = granted.channels or (0, 1)
        self._track = TrackReceiver(replace(self._track.plan, channel=rtp_channel, in_order=True))
        self._connection.media = Media(self._track, rtcp_channel, self._on_rtcp)

    async def _look_on(self) -> Fault | None:
        keep_alive_at = self._playing_s + self.session.keep_alive_s
        report_at = self._playing_s + REPORT_EVERY_S / 2
        while True:
            now_s = self._clock.monotonic_s()
            over, fault = self._verdict(now_s)
            if over:
                return fault
            self._hand_over()
            if now_s >= report_at:
                self._report(now_s)
                report_at = now_s + REPORT_EVERY_S
            if now_s >= keep_alive_at:
                await self.session.keep_alive()  # its failure shows in the video, or does not matter
                keep_alive_at = self._clock.monotonic_s() + self.session.keep_alive_s
            next_s = min(self._next_look_s(now_s), report_at, keep_alive_at)
            await asyncio.wait(
                (self._connection.ended,), timeout=max(0.001, next_s - self._clock.monotonic_s())
            )
            woken_s = self._clock.monotonic_s()
            if woken_s - next_s > NOTED_LAG_S:
                self._excused_s = woken_s  # what came meanwhile was not read: the silence was ours

    def _verdict(self, now_s: float) -> tuple[bool, Fault | None]:
        """Whether the window is over, and why early."""
        track, end_s = self._track, self._end_s()
        if track.builder.flooded:
            return True, self._fault(FaultCode.MALFORMED_REPLY, now_s)
        if track.last_packet_s is not None and track.last_packet_s >= end_s:
            return True, None
        if self._connection.ended.done():
            return True, self._fault(FaultCode.STALLED, now_s)
        if track.first_packet_s is None or track.last_packet_s is None:
            since_s = max(self._playing_s, self._excused_s)
            limit_s = min(since_s + self._limits.first_packet_s, self.session.client.deadline_s)
            return now_s >= limit_s, self._fault(FaultCode.NO_VIDEO, now_s)
        if now_s >= self.session.client.deadline_s:
            return True, self._fault(FaultCode.BUDGET_SPENT, now_s)
        silence_s = now_s - max(track.last_packet_s, self._excused_s)
        patience_s = self._patience_s()
        return silence_s >= patience_s, self._fault(FaultCode.STALLED, now_s)

    def _end_s(self) -> float:
        """When the window is over; twice as late where a picture is wanted and no keyframe came (smart
        codecs).

        Three times as late where hardly a frame came: a line so slow that one keyframe fills it for seconds.
        """
        first_s = self._track.first_packet_s
        if first_s is None:
            return float("inf")
        length_s = self.plan.window_s
        if self._track.builder.frame_count < ENOUGH_FRAMES:
            length_s *= 3
        elif self.plan.pictures and self._track.builder.keyframes == 0:
            length_s *= 2
        return min(first_s + length_s, self.session.client.deadline_s - self._limits.teardown_s)

    def _patience_s(self) -> float:
        track = self._track
        silence = Silence.seen(track.builder.arrivals_s, track.last_packet_s or 0.0)
        if self._goodbye:
            return silence.after_goodbye_s()
        return silence.patience_s(self._limits.stall_s)

    def _next_look_s(self, now_s: float) -> float:
        end_s = self._end_s()
        if self._track.first_packet_s is None or now_s >= end_s:
            return now_s + FIRST_WAKE_S
        if self.plan.pictures and not self._handed_over:
            return min(now_s + WAKE_S, end_s + 0.001)
        stalled_s = max(self._track.last_packet_s or 0.0, self._excused_s) + self._limits.stall_s
        return min(now_s + QUIET_WAKE_S, max(stalled_s, now_s + FIRST_WAKE_S), end_s + 0.001)

    def _hand_over(self) -> None:
        wanted = self.plan.pictures
        if wanted and not self._handed_over and len(self._track.builder.pictures) >= wanted:
            self._handed_over = True
            self.plan.on_pictures(self._track)

    def _fault(self, code: FaultCode, now_s: float) -> Fault:
        return Fault(code, Stage.OBSERVE, "PLAY", now_s - self._play_s)

    def _excused(self, fault: Fault | None) -> Fault | None:
        """Where we read nothing for so long that a server may have given us up, it is not the camera that
        failed."""
        # the video is there, and other bytes before it that came faster than we read
        behind = self._connection.full_bytes >= BEHIND_BYTES
        late = behind or self._lag_s > LOOP_LAG_LIMIT_S or self._connection.effort.rests
        if fault is None or not late or fault.code is FaultCode.MALFORMED_REPLY:
            return fault
        return replace(fault, code=FaultCode.BUDGET_SPENT)

    def _on_rtcp(self, data: bytes) -> None:
        contents = parse_rtcp(data)
        for report in contents.sender_reports:
            self._last_report = (report, self._clock.monotonic_s())
            if report.unix_s is not None:
                self._sender_clock = SenderClock(report.unix_s, self._clock.now().timestamp())
                self._report_times[1:] = [ReportTime(report.unix_s, self._clock.monotonic_s())]
        self._goodbye |= self._track.ssrc in contents.goodbye

    def _report(self, now_s: float) -> None:
        """A receiver report: cameras that hear none may stop."""
        track = self._track
        reception = None
        if track.sequence is not None and track.ssrc is not None:
            order, table = track.sequence, track.builder.table(track.plan.clock_hz)
            jitter_s = interarrival_jitter_s(table.timestamps, table.arrivals_s, table.clock_hz) or 0.0
            last, heard_s = self._last_report or (None, now_s)
            before, self._last_counts = self._last_counts, (order.next - order.base, order.counts.lost)
            reception = Reception(
                ssrc=track.ssrc,
                lost_ratio=(self._last_counts[1] - before[1]) / max(1, self._last_counts[0] - before[0]),
                lost_packets=order.counts.lost,
                highest_sequence=order.next - 1,
                jitter_ticks=int(jitter_s * table.clock_hz),
                last_sr=last.ntp >> 16 & 0xFFFFFFFF if last else 0,
                since_last_sr_s=now_s - heard_s,
            )
        data = render_receiver_report(OWN_SSRC, reception)
        if self._pair is not None:
            self._pair.send_rtcp(data)
        elif self._connection.media is not None:
            head = bytes((0x24, self._connection.media.rtcp_channel)) + len(data).to_bytes(2, "big")
            self._connection.send(head + data)

    def _capture(self, fault: Fault | None) -> Capture:
        track = self._track
        track.finish()
        return Capture(
            description=self.described.track,
            transport="udp" if self._pair else "tcp",
            frames=track.builder.table(track.plan.clock_hz),
            counts=self._counts(),
            connected_s=self._connected_s,
            play_s=self._play_s,
            playing_s=self._playing_s,
            first_packet_s=track.first_packet_s,
            ended_s=self._clock.monotonic_s(),
            parameter_sets=tuple(track.builder.parameter_sets),
            jpeg_size=self._size_px(),
            b_slices=track.builder.b_slices,
            sender_clock=self._sender_clock,
            sender_reports=tuple(self._report_times),
            limits=self._own_limits(),
            fault=fault,
        )

    def _size_px(self) -> tuple[int, int] | None:
        description, track = self.described.track, self._track
        stated_size_px = track.extension_size_px or (description.width_px, description.height_px)
        return track.plan.codec.size_px(track.builder.first_payload, stated_size_px)

    def _counts(self) -> PacketCounts:
        track = self._track
        stray = (
            track.stray_packets
            + self._connection.stray_packets
            + (self._pair.stray_packets if self._pair else 0)
        )
        if track.sequence is None:
            return PacketCounts(0, 0, 0, 0, stray)
        counts = track.sequence.counts
        return PacketCounts(
            received=track.sequence.received,
            lost=counts.lost,
            duplicates=counts.duplicates,
            reordered=counts.reordered,
            stray=stray + counts.unexplained,
            restarts=counts.restarts + track.ssrc_changes,
            numbered=track.is_numbered,
            late=counts.late,
        )

    def _own_limits(self) -> tuple[str, ...]:
        limits = ["loop_lag"] if self._lag_s > LOOP_LAG_LIMIT_S or self._connection.effort.rests else []
        if self._connection.full_reads >= FULL_READS or (self._pair is not None and self._pair.dropped() > 0):
            limits.append("socket_full")
        return tuple(limits)
