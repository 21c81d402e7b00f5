"""JPEG over RTP (RFC 2435)."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camagent.observe.codec.jpeg_headers import parse_header
from camagent.observe.codec.mjpeg import extension_size, in_band_tables, jpeg_picture, parse_fragment
from camagent.simulator.packetize import mjpeg_payloads
from tests.floor import judged, not_vacuous
from tests.observe.media.encoded_clips import texture

TABLES_BYTES = 4 + 128


def jpeg(
    width: int = 320, height: int = 240, quality: int = 75, restart: int = 0, sampling: int = 0x221111
) -> bytes:
    colour = cv2.merge(
        [texture(width, height), np.roll(texture(width, height), 9, 0), texture(width, height)]
    )
    options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_RST_INTERVAL, restart]
    ok, data = cv2.imencode(".jpg", colour, [*options, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling])
    assert ok
    return data.tobytes()


def same_picture(one: bytes | None, other: bytes) -> bool:
    assert one is not None
    pictures = [cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) for data in (one, other)]
    return pictures[0].shape == pictures[1].shape and bool((pictures[0] == pictures[1]).all())  # type: ignore[union-attr]


@settings(max_examples=25, deadline=None)
@given(st.integers(200, 1500), st.sampled_from([0, 4]), st.randoms(use_true_random=False))
def test_what_was_packetized_comes_back_in_any_order(mtu: int, restart: int, random: object) -> None:
    picture = jpeg(restart=restart)
    payloads = mjpeg_payloads(picture, mtu)
    random.shuffle(payloads)  # type: ignore[attr-defined]
    assert same_picture(jpeg_picture([*payloads, payloads[0]]), picture)  # a duplicate does no harm


@settings(max_examples=25, deadline=None)
@given(st.integers(200, 900), st.data())
def test_a_missing_piece_gives_no_picture(mtu: int, data: st.DataObject) -> None:
    payloads = mjpeg_payloads(jpeg(), mtu)
    lost = data.draw(st.integers(0, len(payloads) - 2))
    assert jpeg_picture(payloads[:lost] + payloads[lost + 1 :]) is None


def test_both_samplings_and_odd_sizes_come_back() -> None:
    for sampling in (0x221111, 0x211111):
        picture = jpeg(648, 488, sampling=sampling)
        assert same_picture(jpeg_picture(mjpeg_payloads(picture, 1400)), picture)


@pytest.mark.parametrize("quality", [1, 20, 49, 50, 75, 99])
def test_standard_tables_are_those_of_libjpeg(quality: int) -> None:
    """Q from 1 to 99 sends no tables at all."""
    picture = jpeg(quality=quality)
    payloads = []
    for number, payload in enumerate(mjpeg_payloads(picture, 1400)):
        body = payload[8 + TABLES_BYTES :] if number == 0 else payload[8:]
        payloads.append(payload[:5] + bytes((quality,)) + payload[6:8] + body)
    assert same_picture(jpeg_picture(payloads), picture)


def test_tables_sent_once_are_remembered_by_the_caller() -> None:
    picture = jpeg()
    first, *rest = [p[:5] + b"\x80" + p[6:] for p in mjpeg_payloads(picture, 1400)]
    remembered = in_band_tables(first)
    assert remembered is not None and remembered[0] == 128
    without = first[:10] + b"\x00\x00" + first[8 + TABLES_BYTES :]
    assert jpeg_picture([without, *rest]) is None
    assert same_picture(jpeg_picture([without, *rest], known_tables=dict([remembered])), picture)


def test_one_table_serves_luma_and_chroma() -> None:
    first, *rest = mjpeg_payloads(jpeg(), 1400)
    single = first[:10] + b"\x00\x40" + first[12 : 12 + 64] + first[8 + TABLES_BYTES :]
    doubled = first[:10] + b"\x00\x80" + 2 * first[12 : 12 + 64] + first[8 + TABLES_BYTES :]
    both = jpeg_picture([single, *rest]), jpeg_picture([doubled, *rest])
    assert both[0] is not None and both[0] == both[1]


def test_sixteen_bit_tables_are_carried() -> None:
    first, *rest = mjpeg_payloads(jpeg(), 1400)
    wide = b"".join(bytes((0, value)) for value in first[12 : 12 + 128])
    changed = first[:9] + b"\x03" + (256).to_bytes(2, "big") + wide + first[8 + TABLES_BYTES :]
    picture = jpeg_picture([changed, *rest])
    assert picture is not None and picture.count(b"\xff\xdb\x00\x83") == 2


@pytest.mark.parametrize("size", [(2592, 1944), (2048, 1536)])
def test_pictures_beyond_2040_px_take_their_size_from_elsewhere(size: tuple[int, int]) -> None:
    """The header's byte is 0, or what is left of the size in eight bits."""
    small = mjpeg_payloads(jpeg(), 1400)
    for sides in ((0, 0), (size[0] // 8 & 0xFF, size[1] // 8 & 0xFF)):
        payloads = [p[:6] + bytes(sides) + p[8:] for p in small]
        picture = jpeg_picture(payloads, *size)
        header = parse_header(picture or b"")
        assert header is not None and (header.width_px, header.height_px) == size
    assert jpeg_picture([p[:6] + b"\x00\x00" + p[8:] for p in small]) is None


def test_a_size_told_wrong_does_not_replace_a_size_that_fits() -> None:
    header = parse_header(jpeg_picture(mjpeg_payloads(jpeg(), 1400), 1280, 720) or b"")
    assert header is not None and (header.width_px, header.height_px) == (320, 240)


def test_a_size_that_is_no_multiple_of_eight_comes_from_sdp() -> None:
    header = parse_header(jpeg_picture(mjpeg_payloads(jpeg(320, 240), 1400), 316, 234) or b"")
    assert header is not None and (header.width_px, header.height_px) == (316, 234)


def test_onvif_header_extension_tells_the_size() -> None:
    picture = jpeg(640, 480)
    assert extension_size(picture[2:]) == (640, 480)
    assert extension_size(b"") is None and extension_size(b"\xff\xc0\x00") is None


def test_types_that_nobody_defined_give_no_picture() -> None:
    for kind in (2, 5, 63, 66, 128, 255):
        assert jpeg_picture([p[:4] + bytes((kind,)) + p[5:] for p in mjpeg_payloads(jpeg(), 1400)]) is None


@st.composite
def damaged_payloads(draw: st.DrawFn) -> list[bytes]:
    """Those of a picture, with some bytes changed."""
    payloads = [bytearray(payload) for payload in mjpeg_payloads(jpeg(64, 48), 700)]
    for _ in range(draw(st.integers(0, 3))):
        payload = draw(st.sampled_from(payloads))
        payload[draw(st.integers(0, len(payload) - 1))] = draw(st.integers(0, 255))
    return [bytes(payload) for payload in payloads]


@not_vacuous(0.05)
@settings(deadline=None)
@given(st.lists(st.binary(max_size=200), max_size=6) | damaged_payloads(), st.integers(-5, 70_000))
def test_any_payloads_give_a_picture_or_none(payloads: list[bytes], width: int) -> None:
    for payload in payloads:
        parse_fragment(payload)
        in_band_tables(payload)
        extension_size(payload)
    picture = jpeg_picture(payloads, width, width)
    judged(picture is not None)
    assert picture is None or len(picture) <= sum(map(len, payloads)) + 1500
