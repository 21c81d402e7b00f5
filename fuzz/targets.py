"""One function for each reader of strangers' bytes: it takes anything, and returns nothing.

A target raises only where camagent has a defect: what the readers themselves promise to raise (OperatorError)
is caught here. Run by `python -m fuzz` under atheris and, over the committed corpus, by tests/test_fuzz.py.
"""

from __future__ import annotations

import asyncio
import functools
import io
import zipfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from camagent.area.merge_view import AreaDocument
from camagent.area.workbook_review import Stamp, read_reviewed
from camagent.discover.tcp_probe import judge_http
from camagent.discover.wsdiscovery import parse_message, rank_xaddrs
from camagent.document.read import parse_as, parse_cameras, parse_document, read_schema
from camagent.exporter.negotiation import accepts, basic_credentials, preferred_language, wants_openmetrics
from camagent.interrogate import envelopes
from camagent.interrogate.envelopes import Question
from camagent.interrogate.reply_meaning import http_offset_s, understand
from camagent.model.operator_error import OperatorError
from camagent.model.secret import Credential, Secret
from camagent.model.uri import parse_stream_uri, shown_without_login
from camagent.observe.codec import av1_headers, h264_headers, h265_headers, jpeg_headers
from camagent.observe.codec.access_unit import split_annex_b
from camagent.observe.codec.codec import PictureSource
from camagent.observe.codec.table import CODECS, codec_of, decodable_picture
from camagent.observe.receiver import TrackPlan, TrackReceiver
from camagent.observe.rtcp import parse_rtcp
from camagent.observe.rtsp.connection import RtspConnection
from camagent.observe.rtsp.messages import Response, parse_head, public_methods, session_of
from camagent.observe.sdp import parse_sdp
from camagent.operator_files import parse_toml
from camagent.wire.certificates import certificate_facts
from camagent.wire.digest import (
    DigestRequest,
    digest_authorization,
    digest_challenges,
    offered_schemes,
    parse_challenges,
)
from camagent.wire.http_reply import HttpReply, ReplyReader, unpacked
from camagent.wire.redaction import redact
from camagent.wire.transcript import parse_transcript
from tests.fakes import FakeClock

Target = Callable[[bytes], None]

LOGIN = Credential("admin", Secret("not-a-real-one"))
STAMP = Stamp("office", None, datetime(2026, 1, 1, tzinfo=UTC))
MAX_PACKETS = 40  # that one input is cut into
QUESTIONS: tuple[Question[object], ...] = tuple(
    value for value in vars(envelopes).values() if isinstance(value, Question)
)
FORMATS = (
    *(("h264", False), ("h265", False), ("h265", True)),
    *(("mjpeg", False), ("mpeg4", False), ("av1", False)),
)


def _pieces(data: bytes) -> list[bytes]:
    """The input cut at lengths that it states itself, as packets of a sender are."""
    inputs: list[bytes] = []
    at = 0
    while at + 1 < len(data) and len(inputs) < MAX_PACKETS:
        size = data[at]
        inputs.append(data[at + 1 : at + 1 + size])
        at += 1 + size
    return inputs


def http_reply(data: bytes) -> None:
    """One HTTP reply, in two pieces."""
    cut = data[0] if data else 0
    reader = ReplyReader(b"<request/>", with_body=cut % 2 == 0)
    reader.feed(data[1 : 1 + cut])
    reader.feed(data[1 + cut :])
    reply = reader.end()
    judge_http(data)
    if reply is not None:
        unpacked(reply.body, reply.header("Content-Encoding"))
        http_offset_s(reply, datetime(2026, 1, 1, tzinfo=UTC))


def rtsp_messages(data: bytes) -> None:
    """A head alone, then the bytes of a connection in pieces, media among them."""
    head = parse_head(data)
    if head is not None:
        head.cseq()
        answer = Response(head.status or 200, head.reason, head.headers)
        session_of(answer)
        public_methods(answer)
    _loop().run_until_complete(_converse(_pieces(data)))


@functools.cache
def _loop() -> asyncio.AbstractEventLoop:
    """One for all inputs: making one costs more than reading a message."""
    return asyncio.new_event_loop()


async def _converse(pieces: list[bytes]) -> None:
    connection = RtspConnection(FakeClock())
    for piece in pieces:
        window = connection.get_buffer(len(piece))
        window[: len(piece)] = piece
        connection.buffer_updated(len(piece))
    if connection.defect is not None:
        raise connection.defect


def sdp(data: bytes) -> None:
    """A session description."""
    parse_sdp(data)


def payloads(data: bytes) -> None:
    """What every codec asks of RTP payloads, and the picture that they make together."""
    pieces = _pieces(data) or [data]
    for name, donl in FORMATS:
        codec = codec_of(name, donl)
        for payload in pieces:
            codec.peek(payload)
            codec.begins_picture(payload)
            codec.pps_id(payload)
            for nal in (*codec.parameter_sets(payload), payload):
                codec.set_key(nal)
                codec.field_of(payload, nal)
        decodable_picture(pieces, PictureSource(name, donl=donl))


def rtp_flow(data: bytes) -> None:
    """A flow of RTP packets: headers, order, loss, frames."""
    name, donl = FORMATS[data[0] % len(FORMATS)] if data else FORMATS[0]
    track = TrackReceiver(TrackPlan(codec_of(name, donl), 96, 90_000, picture_times_s=(0.0, 0.2)))
    for number, piece in enumerate(_pieces(data[1:])):
        track.feed_datagram(bytearray(piece), len(piece), number / 25)
    track.finish()


def rtcp(data: bytes) -> None:
    """A compound RTCP packet."""
    for report in parse_rtcp(data).sender_reports:
        _ = report.unix_s


def parameter_sets(data: bytes) -> None:
    """Every header of the codecs that we read ourselves."""
    sps = h264_headers.parse_sps(data)
    h264_headers.parse_pps(data)
    h264_headers.parse_slice_header(data, sps)
    h264_headers.recovery_frame_count(data)
    h265_headers.parse_vps(data)
    h265_headers.parse_sps(data)
    h265_headers.parse_pps(data)
    h265_headers.slice_pps_id(data)
    h265_headers.recovery_poc_count(data)
    av1_headers.parse_sequence_header(data)
    jpeg_headers.parse_header(data)


def media_headers(data: bytes) -> None:
    """What we read ourselves of media files: start codes, units of AV1, parameter sets of a container."""
    for nal in split_annex_b(data):
        h264_headers.parse_sps(nal)
        h265_headers.parse_sps(nal)
    for obu in av1_headers.split_obus(data):
        av1_headers.parse_sequence_header(obu)
    for codec in CODECS.values():
        codec.file_sets(data)
        codec.frame_sets(data)


def soap(data: bytes) -> None:
    """A SOAP reply to each of our questions; the first byte chooses which, and the status."""
    number = data[0] if data else 0
    status = (200, 400, 401, 500)[number % 4]
    reply = HttpReply(status, (("WWW-Authenticate", 'Digest realm="x", nonce="y"'),), data[1:])
    understand(reply, QUESTIONS[number // 4 % len(QUESTIONS)], 0.0)


def ws_discovery(data: bytes) -> None:
    """A datagram at port 3702."""
    message = parse_message(data)
    for announcement in message.announcements if message is not None else ():
        rank_xaddrs(announcement.xaddrs, "192.0.2.1")


def challenges(data: bytes) -> None:
    """WWW-Authenticate headers, and our answer: one line that is printable."""
    headers = data.decode("utf-8", "replace").split("\n")
    read = parse_challenges(headers)
    offered_schemes(read)
    for challenge in digest_challenges(read):
        answer = digest_authorization(challenge, LOGIN, DigestRequest("GET", "/x", "0a"))
        if not answer.isprintable() or LOGIN.secret.reveal() in answer:
            raise AssertionError("an answer that must not go out")


def result_file(data: bytes) -> None:
    """A school's result file, as the area and the store read it."""
    read_schema(data)
    _allowed(lambda: parse_document(data, "file"))
    _allowed(lambda: list(parse_as(AreaDocument, data, "file")[1]))
    _allowed(lambda: list(parse_cameras(data, "file")))


def workbook(data: bytes) -> None:
    """A reviewed workbook; and one whose sheet is the input, because a packed one is soon broken."""
    _allowed(lambda: read_reviewed(data, "file", STAMP))
    _allowed(lambda: read_reviewed(_workbook_of(data), "file", STAMP))


def _workbook_of(sheet: bytes) -> bytes:
    """A workbook of two parts, neither packed."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as book:
        book.writestr("xl/workbook.xml", '<workbook><sheets><sheet name="a" r:id="1"/></sheets></workbook>')
        book.writestr("xl/_rels/workbook.xml.rels", '<R><Relationship Id="1" Target="sheet.xml"/></R>')
        book.writestr("xl/sheet.xml", sheet)
    return content.getvalue()


def toml(data: bytes) -> None:
    """What the operator wrote, or was sent: configuration, profile, prices."""
    _allowed(lambda: parse_toml(data, "file"))


def addresses(data: bytes) -> None:
    """Addresses of streams and what is shown of them: never the password."""
    text = data.decode("utf-8", "replace")
    parse_stream_uri(text)
    shown_without_login(text)
    redact(text)


def transcript(data: bytes) -> None:
    """A recorded conversation that somebody sends us."""
    _allowed(lambda: parse_transcript(data.decode("utf-8", "replace")))


def certificate(data: bytes) -> None:
    """The certificate that a device shows."""
    certificate_facts(data, 443, ("TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256", False))


def exporter_headers(data: bytes) -> None:
    """Headers that a stranger sends to our page."""
    text = data.decode("latin-1")
    wants_openmetrics(text)
    preferred_language(text, "vi")
    basic_credentials(text)
    accepts(text, "gzip")


def _allowed(read: Callable[[], object]) -> None:
    """What a reader may raise, as it says itself."""
    try:
        read()
    except OperatorError:
        return


TARGETS: Mapping[str, Target] = {
    target.__name__: target
    for target in (
        *(http_reply, rtsp_messages, sdp, payloads, rtp_flow, rtcp, parameter_sets, media_headers),
        *(soap, ws_discovery, challenges, result_file, workbook, toml, addresses, transcript, certificate),
        exporter_headers,
    )
}
