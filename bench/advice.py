"""Whether the advice is right: 500 generated devices with a known right action, in this process, no network.

    python -m bench.advice [--devices 500] [--seed 3288] [--output bench/results/advice.json]

Each device has a truth (what its encoder can do, what it is set to), a menu (honest, a mirror, 0 to 0,
absurd, missing, without the codec in use) and possibly one fault, at every single question in turn. The right
action follows from the truth and from what may be claimed, as it is written here, not by the product's plan.
The facts go through the product's own run: main stream, rules, plan, second look. Prints and records a line
for each kind.

Wrong "replace": said where it is not the right action. Wrong "certain": certain of a wrong action, or of any
action where a fact that it rests on was disturbed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, repeat
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from camagent.app.requirements import load_profile
from camagent.model.credential_book import CredentialBook
from camagent.model.device import (
    DeviceFacts,
    DeviceTarget,
    EncoderOptions,
    EncoderSettings,
    MediaFacts,
    MediaProfile,
    PortFacts,
    Range,
    Service,
)
from camagent.model.fault import Fault, FaultCode, Stage
from camagent.model.finding import Action
from camagent.model.onvif import DEVICE_NS, MEDIA1_NS, MEDIA2_NS
from camagent.model.source_mode import SourceMode
from camagent.model.stream import StreamFacts, StreamTarget
from camagent.run.context import JudgingContext
from camagent.run.fleet import FleetOptions, Job
from camagent.run.onlooker import Onlooker
from camagent.run.site_run import check_targets
from camagent.run.visit import DeviceCheck, Judge, check_device
from tests import builders as build
from tests.fakes import FakeWorld

ROOT = Path(__file__).resolve().parent.parent
ADDRESS = build.ADDRESS
SIZES = ((3840, 2160), (2560, 1440), (1920, 1080), (1280, 720), (640, 480), (640, 360))
CODES = (
    FaultCode.TIMEOUT,
    FaultCode.SOAP_FAULT,
    FaultCode.MALFORMED_REPLY,
    FaultCode.AUTH_REQUIRED,
    FaultCode.BUSY,
)
ENOUGH_PX, ENOUGH_HZ = (1920, 1080), 25.0  # what every shipped profile lets pass


@dataclass(frozen=True)
class Truth:
    """What a camera can do at most, and what it is set to."""

    codecs: tuple[str, ...]
    most_px: tuple[int, int]
    most_hz: float
    codec: str
    size: tuple[int, int]
    rate_hz: float

    @property
    def base(self) -> Action:
        """The right action where everything is known: the cheapest one that would make it comply."""
        if self.codec != "mjpeg" and self.size >= ENOUGH_PX and self.rate_hz >= ENOUGH_HZ:
            return Action.NONE
        able = any(codec != "mjpeg" for codec in self.codecs)
        able = able and self.most_px >= ENOUGH_PX and self.most_hz >= ENOUGH_HZ
        return Action.RECONFIGURE if able else Action.REPLACE


@dataclass
class Device:
    """One generated device: the facts of both looks, and what is right about it."""

    kind: str
    right: Action
    facts: DeviceFacts
    streams: dict[str, StreamFacts]
    disturbed: bool = False
    """A fact that the advice rests on is missing, unbelievable or contradicted: nothing may be certain."""
    later: dict[str, StreamFacts] | None = None
    """The streams at the second look, where they differ."""


@dataclass
class Draft:
    """A device on its way."""

    truth: Truth
    profiles: list[MediaProfile]
    streams: dict[str, StreamFacts]
    device: dict[str, Any] = field(default_factory=dict)
    service: str = "media2"


def truths(random_: random.Random) -> Truth:
    """A camera that is fine, one that is set too low, or one that can do no more."""
    base = random_.choice(("fine", "low", "poor", "poor", "jpeg"))
    codecs = random_.choice((("h264",), ("h265", "h264"), ("h264", "mjpeg")))
    if base == "fine":
        size = random_.choice(SIZES[:3])
        return Truth(codecs, SIZES[0], 30.0, codecs[0], size, random_.choice((25.0, 30.0)))
    if base == "low":
        return Truth(
            codecs, SIZES[random_.randrange(3)], 30.0, codecs[0], (1280, 720), random_.choice((10.0, 25.0))
        )
    if base == "jpeg":
        return Truth(("mjpeg",), (1920, 1080), 30.0, "mjpeg", (1280, 720), 25.0)
    return Truth(codecs, (1280, 720), random_.choice((12.0, 25.0)), codecs[0], (1280, 720), 10.0)


def menu(truth: Truth, kind: str = "honest") -> Any:
    """The encoder's menu: what the camera can do, or one of the ways to say nothing about it."""
    if kind == "missing":
        return fault("GetVideoEncoderConfigurationOptions", FaultCode.TIMEOUT)
    if kind == "empty":
        return ()
    rows = []
    for codec in truth.codecs:
        sizes = tuple(size for size in SIZES if size <= truth.most_px)
        rates = Range(1.0, truth.most_hz)
        if kind == "mirror":
            sizes, rates = (truth.size,), Range(truth.rate_hz, truth.rate_hz)
        elif kind == "zero":
            rates = Range(0.0, 0.0)
        elif kind == "absurd":
            rates = Range(25.0, 1_701_606_738.0)
        elif kind == "foreign":
            sizes, rates = (
                ((352, 288), (176, 144)),
                Range(1.0, 5.0),
            )  # of some other encoder: today's is not in it
        rows.append(EncoderOptions(codec, sizes, (), rates, Range(64_000, 16e6), Range(1, 400), ("Main",)))
    if kind == "without_codec":
        rows = [row for row in rows if row.codec != truth.codec]
        rows = rows or [EncoderOptions("mjpeg", SIZES, (), Range(1, 30), None, None, ())]
    return tuple(rows)


def fault(doing: str, code: FaultCode, stage: Stage = Stage.INTERROGATE) -> Fault:
    return Fault(code, stage, doing, 5.0)


def profile(token: str, codec: str, size: tuple[int, int], rate_hz: float, **more: Any) -> MediaProfile:
    """A media profile at rtsp://…/TOKEN."""
    encoder = EncoderSettings(f"E_{token}", codec, "Main", *size, rate_hz, 3_000_000, round(rate_hz) * 2)
    uri = build.stream_uri(path=f"/{token}")
    return replace(MediaProfile(token, token, "V0", "vs", encoder, None, uri), **more)


def sends(token: str, codec: str, size: tuple[int, int], rate_hz: float, **more: Any) -> StreamFacts:
    """What arrives of a stream."""
    picture = {"codec": codec, "width_px": size[0], "height_px": size[1]}
    rates = {"frame_rate_hz": rate_hz, "arrival_frame_rate_hz": rate_hz, "frames": round(10 * rate_hz)}
    measured = build.measured_stream(**{**picture, **rates, "bitrate_bps": 2e6, **more})
    declared = build.declared_stream(**{**picture, "frame_rate_hz": rate_hz})
    target = StreamTarget(build.stream_uri(path=f"/{token}"), token=token)
    return build.stream_facts(target=target, measured=measured, declared=declared)


def draft(truth: Truth, menu_kind: str = "honest") -> Draft:
    """A camera with a main and a lighter stream that does what it says."""
    main = profile("main", truth.codec, truth.size, truth.rate_hz, options=menu(truth, menu_kind))
    sub = profile("sub", "h264" if truth.codec != "mjpeg" else "mjpeg", (320, 180), 10.0, options=menu(truth))
    streams = {
        "/main": sends("main", truth.codec, truth.size, truth.rate_hz),
        "/sub": sends("sub", sub.encoder.codec, (320, 180), 10.0),  # type: ignore[union-attr,arg-type]
    }
    return Draft(truth, [main, sub], streams)


def device(kind: str, right: Action, made: Draft, **more: Any) -> Device:
    """The facts as an interview would leave them."""
    facts = build.device_facts(
        target=DeviceTarget(ADDRESS, 80),
        ports=PortFacts((554,), (21, 23, 2323, 5555, 9527), ()),
        media=MediaFacts(made.service, tuple(made.profiles)),
    )
    return Device(kind, right, replace(facts, **made.device), made.streams, **more)


def change(made: Draft, number: int, **changes: Any) -> Draft:
    made.profiles[number] = replace(made.profiles[number], **changes)
    return made


# -- kinds ----------------------------------------
def honest(random_: random.Random) -> Device:
    truth = truths(random_)
    return device("honest", truth.base, draft(truth))


def menus(random_: random.Random) -> Device:
    """A menu that says nothing buys nothing and sets nothing; a camera that is fine needs none."""
    truth, kind = truths(random_), random_.choice(("missing", "empty", "mirror", "zero", "absurd", "foreign"))
    if truth.codec == "mjpeg" and kind in ("zero", "absurd"):
        kind = "mirror"  # its list of codecs alone tells that it has nothing but single pictures
    right = Action.NONE if truth.base is Action.NONE else Action.INVESTIGATE
    if kind in ("zero", "absurd") and truth.base is Action.REPLACE:
        right = Action.REPLACE  # the list of sizes is honest, offers a choice, and leaves out what is asked
    return device(f"menu {kind}", right, draft(truth, kind), disturbed=right is not Action.REPLACE)


def codec_not_listed(random_: random.Random) -> Device:
    """Media1 cannot list H.265: no step back to H.264, nothing bought."""
    truth = replace(truths(random_), codecs=("h265", "h264"), codec="h265", size=(1280, 720))
    made = draft(truth, "without_codec")
    made.service, made.device["services"] = (
        "media1",
        (Service(MEDIA1_NS, f"http://{ADDRESS}/onvif/media", "2.6"),),
    )
    return device("menu without the codec", Action.INVESTIGATE, made, disturbed=True)


def both_services(random_: random.Random) -> Device:
    """Media1's menu beside Media2's: no money where it does not say no as well, or was not read."""
    truth = truths(random_)
    made = draft(truth)
    address = f"http://{ADDRESS}/onvif"
    made.device["services"] = tuple(
        Service(namespace, f"{address}/{name}", "2.6")
        for name, namespace in (("device_service", DEVICE_NS), ("media2", MEDIA2_NS), ("media", MEDIA1_NS))
    )
    wider = replace(truth, codecs=("h264",), most_px=SIZES[0], most_hz=30.0)
    question = "GetVideoEncoderConfigurationOptions"
    kind, beside = random_.choice(
        (
            ("agrees", menu(truth)),
            ("offers nothing", ()),
            ("is wider", menu(wider)),
            ("has absurd rates", menu(truth, "absurd")),
            ("was refused", fault(question, random_.choice(CODES))),
            ("was not asked", None),
        )
    )
    change(made, 0, media1_options=beside)
    # of absurd rates the list of sizes is left, which is honest and says no as well
    agrees = kind in ("agrees", "offers nothing", "has absurd rates")
    right = truth.base if agrees or truth.base is not Action.REPLACE else Action.INVESTIGATE
    return device(f"Media1's menu {kind}", right, made, disturbed=right is not truth.base)


def sensor_modes(random_: random.Random) -> Device:
    """The menus are those of one mode of the sensor: no money where another gives more, or was not read."""
    truth = truths(random_)
    made = draft(truth)
    codecs, (width, height), rate_hz = truth.codecs, truth.most_px, truth.most_hz
    runs = SourceMode(True, truth.most_px, rate_hz, codecs)
    kind, modes = random_.choice(
        (
            ("one", (runs,)),
            ("another smaller", (runs, SourceMode(False, (width // 2, height // 2), rate_hz, codecs))),
            ("another larger", (runs, SourceMode(False, (2 * width, 2 * height), rate_hz, codecs))),
            ("another faster", (SourceMode(None, truth.most_px, 2 * rate_hz, codecs), runs)),
            ("another codec", (runs, SourceMode(False, truth.most_px, rate_hz, (*codecs, "av1")))),
            ("unread", fault("GetVideoSourceModes", random_.choice(CODES))),
        )
    )
    change(made, 0, source_modes=modes)
    no_more = kind in ("one", "another smaller")
    right = truth.base if no_more or truth.base is not Action.REPLACE else Action.INVESTIGATE
    return device(f"sensor's modes: {kind}", right, made, disturbed=right is not truth.base)


STREAM_QUESTIONS = ("GetProfiles", "GetStreamUri main", "RTSP main")
NEEDED_TO_REPLACE = (*STREAM_QUESTIONS, "GetVideoEncoderConfigurationOptions", "GetServices")
QUESTIONS = (
    *NEEDED_TO_REPLACE,
    "GetStreamUri sub",
    "RTSP sub",
    "GetSystemDateAndTime",
    "GetDeviceInformation",
    "GetNetworkInterfaces",
    "GetScopes",
    "GetUsers",
    "GetServiceCapabilities",
)
DECIDING = ("GetSystemDateAndTime", "GetNetworkInterfaces", "GetDeviceInformation")
"""Clock, time server and firmware are rows that decide a verdict; the other answers are none."""
SECTIONS = {
    "GetServices": "services",
    "GetSystemDateAndTime": "clock",
    "GetDeviceInformation": "information",
    "GetNetworkInterfaces": "network",
    "GetScopes": "scopes",
    "GetUsers": "users",
    "GetServiceCapabilities": "capabilities",
}


def right_after_fault(truth: Truth, question: str, code: FaultCode) -> Action:
    """What may still be advised when one question was not answered."""
    if question in STREAM_QUESTIONS:
        return Action.INVESTIGATE
    if truth.base is Action.NONE:
        return Action.INVESTIGATE if question in DECIDING else Action.NONE
    if question == "GetVideoEncoderConfigurationOptions":
        return Action.INVESTIGATE
    if truth.base is Action.REPLACE and (code is FaultCode.AUTH_REQUIRED or question == "GetServices"):
        return Action.INVESTIGATE
    if truth.base is Action.REPLACE and question == "GetStreamUri sub" and code is not FaultCode.SOAP_FAULT:
        return Action.INVESTIGATE  # the way to the answers about streams was not sound
    return truth.base


def faulty(random_: random.Random, question: str | None = None) -> Device:
    """One question is not answered, or not let in."""
    truth, code = truths(random_), random_.choice(CODES)
    question = question or random_.choice(QUESTIONS)
    made = draft(truth)
    word, _, which = question.partition(" ")
    hurt = fault(word, code, Stage.OBSERVE if word == "RTSP" else Stage.INTERROGATE)
    if word == "RTSP":
        token = which
        blind = replace(
            made.streams[f"/{token}"], measured=hurt, declared=None, image=None, access=None, faults=(hurt,)
        )
        made.streams[f"/{token}"] = blind
    else:
        made.device["faults"] = (hurt,)
    if word == "GetProfiles":
        made.device["media"] = hurt
    elif word == "GetStreamUri":
        change(made, 0 if which == "main" else 1, stream_uri=hurt)
    elif word == "GetVideoEncoderConfigurationOptions":
        change(made, 0, options=hurt)
    elif word != "RTSP":
        made.device[SECTIONS[word]] = hurt
    right = right_after_fault(truth, question, code)
    return device(
        f"fault at {word}", right, made, disturbed=right is not truth.base or right is not Action.REPLACE
    )


def jpeg_beside(random_: random.Random) -> Device:
    """A JPEG profile of the whole sensor, which can do nothing else, beside the video."""
    truth = truths(random_)
    while truth.codec == "mjpeg":
        truth = truths(random_)
    made = draft(truth)
    only = (EncoderOptions("mjpeg", SIZES, (), Range(1, 30), None, None, ()),)
    made.profiles.insert(0, profile("jpeg", "mjpeg", (5120, 2560), 5.0, options=only))
    made.streams["/jpeg"] = sends("jpeg", "mjpeg", (5120, 2560), 5.0)
    return device("JPEG profile beside", truth.base, made)


def no_encoder(random_: random.Random) -> Device:
    """Nobody says what the main stream is set to; what it sends is seen, and nothing may be bought for it."""
    truth = truths(random_)
    made = change(
        draft(truth), 0, encoder=random_.choice((None, fault("GetProfiles", FaultCode.MALFORMED_REPLY)))
    )
    made = change(made, 0, options=None)
    right = Action.NONE if truth.base is Action.NONE else Action.INVESTIGATE
    return device("main without encoder", right, made, disturbed=True)


def wrong_order(random_: random.Random) -> Device:
    """Both streams claim one size and the lighter one comes first: measuring tells, the contradiction forbids
    money."""
    truth = Truth(("h264",), SIZES[0], 30.0, "h264", (1920, 1080), 25.0)
    made = draft(truth)
    first = profile("sub", "h264", (1920, 1080), 25.0, options=menu(truth))
    made.profiles = [first, made.profiles[0]]
    made.streams["/sub"] = sends("sub", "h264", (640, 360), 25.0)
    made.streams["/main"] = sends("main", "h264", random_.choice(((1920, 1080), (2560, 1440))), 25.0)
    return device("sizes that lie", Action.NONE, made, disturbed=True)


def phantoms(random_: random.Random) -> Device:
    """Sound and metadata profiles beside the camera."""
    truth = truths(random_)
    made = draft(truth)
    for token in ("audio", "metadata"):
        no_address = fault("GetStreamUri", FaultCode.SOAP_FAULT)
        uri: Any = random_.choice((no_address, None, build.stream_uri(path=f"/{token}")))
        made.profiles.append(MediaProfile(token, token, None, None, None, None, uri))
    return device("sound and metadata profiles", truth.base, made)


def second_lens(random_: random.Random) -> Device:
    """A second lens on the same source was not judged: no money before somebody looked at it."""
    truth = truths(random_)
    made = draft(truth)
    made.profiles = [
        replace(made.profiles[0], view=(0, 0, 1920, 1080)),
        replace(made.profiles[1], view=(0, 0, 1920, 1080)),
        profile(
            "lens", truth.codec, truth.size, truth.rate_hz, view=(1920, 0, 1920, 1080), options=menu(truth)
        ),
    ]
    right = Action.INVESTIGATE if truth.base is Action.REPLACE else truth.base
    return device("second lens", right, made, disturbed=True)


def set_to_pictures(random_: random.Random) -> Device:
    """The best encoder is set to MJPEG beside a small video stream: it is set, not bought."""
    size = random_.choice(((1280, 720), (1920, 1080)))
    truth = Truth(("h264", "mjpeg"), (1920, 1080), 30.0, "mjpeg", size, 25.0)
    made = draft(truth)
    tiny = Truth(("h264",), (640, 360), 30.0, "h264", (640, 360), 15.0)
    made.profiles[1] = profile("sub", "h264", (640, 360), 15.0, options=menu(tiny))
    made.streams["/sub"] = sends("sub", "h264", (640, 360), 15.0)
    return device("encoder set to MJPEG", Action.RECONFIGURE, made)


def contradicted(random_: random.Random) -> Device:
    """It sends less than it is set to: no menu mends that, and no money."""
    truth = Truth(("h264",), SIZES[random_.randrange(3)], 30.0, "h264", (1920, 1080), 25.0)
    made = draft(truth)
    size, rate = random_.choice((((640, 360), 25.0), ((1920, 1080), 12.0), ((1280, 720), 12.0)))
    made.streams["/main"] = sends("main", "h264", size, rate)
    return device("sends less than set", Action.INVESTIGATE, made, disturbed=True)


def changing(random_: random.Random) -> Device:
    """The second look sees another picture."""
    truth = truths(random_)
    while truth.base is not Action.REPLACE:
        truth = truths(random_)
    made = draft(truth)
    later = dict(made.streams)
    later["/main"] = random_.choice(
        (
            sends("main", truth.codec, (1920, 1080), 25.0),
            replace(made.streams["/main"], measured=fault("PLAY", FaultCode.STALLED, Stage.OBSERVE)),
            sends("main", "h265" if truth.codec == "h264" else "h264", truth.size, truth.rate_hz),
        )
    )
    return device("second look differs", Action.INVESTIGATE, made, disturbed=True, later=later)


def surroundings(random_: random.Random) -> Device:
    """The network or the lens is at fault, not the camera."""
    truth = Truth(("h264",), SIZES[0], 30.0, "h264", (1920, 1080), 25.0)
    made = draft(truth)
    if random_.random() < 0.5:
        made.streams["/main"] = sends("main", "h264", (1920, 1080), 25.0, rtp_lost_packets=300)
        return device("lossy network", Action.FIX_NETWORK, made)
    dark = build.image_facts(conditions=(random_.choice(("black", "covered", "blurred", "frozen")),))
    made.streams["/main"] = replace(made.streams["/main"], image=dark)
    return device("bad picture", Action.FIX_PICTURE, made)


def silent(random_: random.Random) -> Device:
    """Nobody answers, or somebody answers something else."""
    gone = fault("GetSystemDateAndTime", random_.choice((*CODES[:3], FaultCode.REFUSED, FaultCode.NOT_ONVIF)))
    made = draft(truths(random_))
    made.device = dict.fromkeys(("clock", "services", "information", "media", "network", "scopes"), gone)
    made.device |= {"faults": (gone,), "users": None, "anonymous": None}
    return device("dead or another thing", Action.INVESTIGATE, made, disturbed=True)


def recorder(random_: random.Random) -> Device:
    """A recorder's menu is not the camera's."""
    truth = truths(random_)
    made = draft(truth)
    other = profile("other", "h264", (1920, 1080), 25.0, video_source="V1", options=menu(truth))
    made.profiles.append(other)
    made.streams["/other"] = sends("other", "h264", (1920, 1080), 25.0)
    right = Action.INVESTIGATE if truth.base is Action.REPLACE else truth.base
    return device("recorder's channel", right, made, disturbed=True)


KINDS: tuple[tuple[Callable[[random.Random], Device], int], ...] = (
    (honest, 65),
    (menus, 75),
    (codec_not_listed, 15),
    (both_services, 60),
    (sensor_modes, 30),
    (faulty, 73),
    (jpeg_beside, 20),
    (no_encoder, 15),
    (wrong_order, 15),
    (phantoms, 20),
    (second_lens, 15),
    (set_to_pictures, 10),
    (contradicted, 15),
    (changing, 20),
    (surroundings, 15),
    (silent, 8),
    (recorder, 15),
)


def generate(count: int, seed: int) -> list[Device]:
    """Every question faulty once with every code's turn, and the kinds by their weights."""
    random_ = random.Random(seed)
    devices = [faulty(random_, question) for question in QUESTIONS]
    makers = list(chain.from_iterable(repeat(maker, weight) for maker, weight in KINDS))
    devices += [makers[n % len(makers)](random_) for n in range(count - len(devices))]
    return devices


class OneDevice:
    """A fleet of one device, whose streams may differ at the second look."""

    def __init__(self, made: Device) -> None:
        self.made, self.looks, self.clock = made, 0, FakeWorld().clock
        self.stopped = False

    async def check(
        self, jobs: Sequence[Job], _options: FleetOptions, done: Callable[[Job, DeviceCheck], None]
    ) -> tuple[DeviceCheck, ...]:
        """The device as it is at this look."""
        streams = self.made.streams if self.looks == 0 or self.made.later is None else self.made.later
        self.looks += 1
        world = FakeWorld({ADDRESS: self.made.facts}, streams)
        checks = tuple([await check_device(job.target, None, world.doors()) for job in jobs])
        for job, check in zip(jobs, checks, strict=True):
            done(job, check)
        return checks


async def advise(made: Device, order: JudgingContext) -> tuple[Action, bool]:
    """What the product says of the device (of a recorder: of the first channel)."""
    fleet: Any = OneDevice(made)
    run = await check_targets([Job(DeviceTarget(ADDRESS, 80))], order, fleet, FleetOptions(), Onlooker())
    upgrade = run.result.cameras[0].upgrade
    return upgrade.action, upgrade.certain


def measure(devices: Sequence[Device]) -> dict[str, Any]:
    """The table, by kind, and every device that was advised otherwise than right."""
    order = JudgingContext(
        Judge(load_profile("ubnd-3288"), build.site_facts()), build.profile_stamp(), CredentialBook()
    )
    rows: dict[str, Counter[str]] = defaultdict(Counter)
    wrong: Counter[str] = Counter()
    for made in devices:
        action, certain = asyncio.run(advise(made, order))
        row = rows[made.kind]
        row["devices"] += 1
        row["right"] += action is made.right
        row["replace"] += action is Action.REPLACE
        row["certain"] += certain
        row["wrong_replace"] += action is Action.REPLACE and made.right is not Action.REPLACE
        row["wrong_certain"] += certain and (action is not made.right or made.disturbed)
        if action is not made.right:
            wrong[f"{made.kind}: {made.right.value} -> {action.value}"] += 1
    columns = ("devices", "right", "replace", "certain", "wrong_replace", "wrong_certain")
    kinds = {kind: {name: row[name] for name in columns} for kind, row in sorted(rows.items())}
    total = {name: sum(row[name] for row in kinds.values()) for name in columns}
    return {"total": total, "kinds": kinds, "otherwise": dict(sorted(wrong.items()))}


def table(result: dict[str, Any]) -> str:
    """The result as a page has it."""
    lines = ["| kind | devices | right action | replace | certain | wrong replace | wrong certain |"]
    lines.append("|---|---|---|---|---|---|---|")
    for kind, row in (*result["kinds"].items(), ("**all**", result["total"])):
        lines.append(f"| {kind} | " + " | ".join(str(value) for value in row.values()) + " |")
    return "\n".join(lines)


def main() -> int:
    """Prints and records; exit code 1 where the advice is not good enough."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--devices", type=int, default=500)
    parser.add_argument("--seed", type=int, default=3288)
    parser.add_argument("--output", type=Path, default=ROOT / "bench" / "results" / "advice.json")
    options = parser.parse_args()
    result = measure(generate(options.devices, options.seed))
    print(table(result))
    for line, count in result["otherwise"].items():
        print(f"{count} × {line}")
    total = result["total"]
    record = {"devices": options.devices, "seed": options.seed, **result}
    options.output.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    good = total["right"] >= 0.98 * total["devices"]
    return 0 if good and not total["wrong_replace"] and not total["wrong_certain"] else 1


if __name__ == "__main__":
    sys.exit(main())
