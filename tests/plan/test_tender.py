"""The paragraph to buy by: every bound of the profile is in it, and nothing that the profile does not ask."""

from __future__ import annotations

from camagent.app.requirements import load_profile
from camagent.assess.engine import assess
from camagent.model.finding import Outcome, TenderRow
from camagent.model.text import Localised, Message
from camagent.plan.tender import tender, tender_rows
from camagent.text import both
from tests.builders import camera_facts, device_facts, fault, finding, site_facts, tls_facts


def test_every_bound_is_in_the_paragraph_in_vietnamese() -> None:
    text = both(tender(assess(load_profile("ubnd-3288"), camera_facts(), site_facts()))).vi
    for words in (
        "tối thiểu: độ phân giải luồng chính 1920×1080;",
        "chuẩn nén H.264, H.265;",
        "tốc độ 25 hình/s",
        "không quá 4 giây",
        "ít nhất 1 luồng phụ nhẹ hơn luồng chính;",
        "ONVIF Profile T,",
        "đăng nhập bằng Digest SHA-256,",
        "TLS 1.2 trở lên",
        "RSA từ 2048 bit hoặc",
        "21, 23, 2323, 5555, 9527",
        "UTC+7",
        "Cấp bảo vệ chống bụi, nước từ IP66 (ngoài trời)",
        "Chứng nhận, công bố hợp quy QCVN 11:2026/BCA khi mua mới",
        "Tầm hồng ngoại (≥ 20 m); Cấp bảo vệ",
    ):
        assert words in text, words
    assert "3288" not in text


def test_it_is_the_same_where_the_camera_told_nothing() -> None:
    profile, site = load_profile("ubnd-3288"), site_facts()
    dead = camera_facts(device=fault(), streams=())
    asked = tender(assess(profile, camera_facts(), site))
    assert tender(assess(profile, dead, site)) == asked
    short = camera_facts(device=device_facts(tls=tls_facts(key_kind="ec", key_bits=256)))
    assert tender(assess(profile, short, site)) == asked  # what one camera has is not what is bought


def test_what_the_profile_does_not_ask_is_a_dash() -> None:
    args = dict(tender(()).args)
    assert set(args.values()) == {"–"}
    only = dict(tender((finding(check="frame_rate", recommended=None, required=12.5),)).args)
    half = both(tender((finding(check="frame_rate", recommended=None, required=12.5),)))
    assert "12,5 hình/s" in half.vi and "12.5 fps" in half.en
    assert only["rate"] == 12.5 and only["size"] == "–"


def test_two_ports_are_no_picture_size() -> None:
    args = dict(tender((finding(check="open_ports", required=(21, 23)),)).args)
    assert args["ports"] == "21, 23"


def test_what_is_bought_today_has_the_recommended_conformance_where_there_is_one() -> None:
    plain = finding(check="onvif_conformance", required=("S",), recommended=None)
    assert dict(tender((plain,)).args)["conformance"] == "S"
    better = finding(check="onvif_conformance", required=("S",), recommended=("T", "G"))
    assert dict(tender((better,)).args)["conformance"] == "T, G"


def table(rows: tuple[TenderRow, ...], lang: str) -> dict[str, str]:
    texts = {}
    for row in rows:
        criterion = row.criterion if isinstance(row.criterion, Localised) else both(row.criterion)
        texts[getattr(criterion, lang)] = getattr(both(row.requirement), lang)
    return texts


def test_the_table_has_every_bound_with_its_basis_and_what_the_buyer_decides() -> None:
    profile, site = load_profile("ubnd-3288"), site_facts()
    rows = tender_rows(assess(profile, camera_facts(), site))
    cells = table(rows, "vi")
    assert cells["Độ phân giải"] == "Luồng chính từ 1920×1080 điểm ảnh trở lên."
    assert cells["Cổng mạng"] == "Đóng các cổng TCP 21, 23, 2323, 5555, 9527."
    assert cells["Đồng hồ"].endswith("UTC+7.")
    assert cells["Cấp bảo vệ chống bụi, nước từ IP66 (ngoài trời)"].startswith("Có giấy tờ")
    for what in ("Góc nhìn, ống kính", "Vỏ theo nơi lắp", "Nguồn điện", "Bảo hành, dịch vụ", "Nghiệm thu"):
        assert what in cells
    assert "camagent check" in cells["Nghiệm thu"] and "tương đương" in cells["Loại thiết bị"]
    asked = [row for row in rows if row.basis is not None]
    assert len(asked) > 15 and not any("–" in text for text in cells.values())
    assert table(tender_rows(assess(profile, camera_facts(device=fault(), streams=()), site)), "vi") == cells


def test_what_the_profile_does_not_ask_or_the_place_does_not_need_is_not_in_the_table() -> None:
    assert all(row.basis is None for row in tender_rows(()))
    indoor = finding(check="camera_answer", outcome=Outcome.NOT_APPLICABLE, title=Localised("Mưa", "Rain"))
    assert tender_rows((indoor,)) == tender_rows(())
    only = tender_rows((finding(check="frame_rate", recommended=None, required=12.5),))
    assert [both(row.requirement).en for row in only if row.basis] == ["12.5 fps or more at that size."]
    assert all(isinstance(row.requirement, Message) for row in only)
