"""The HTTP side of simulated ONVIF devices: one aiohttp server a camera, log-ins really verified, faults on
order."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime

from aiohttp import web

from camagent.simulator import onvif_device, onvif_media, onvif_recording
from camagent.simulator.doors import MAX_NONCES, DoorKeeper
from camagent.simulator.encoder_settings import Refused
from camagent.simulator.onvif_device import PRE_AUTH, SERVICE_PATHS, device_now
from camagent.simulator.onvif_xml import (
    MAX_REQUEST_BYTES,
    NAMESPACES,
    NotSoap,
    SoapRequest,
    UsernameToken,
    element,
    envelope,
    fault,
    parse_soap_request,
)
from camagent.simulator.self_signed import self_signed_context
from camagent.simulator.settings import SETTERS, Setter
from camagent.simulator.simulated_camera import SimulatedCamera

MAX_TOKEN_SKEW_S = 300.0  # between Created and the device's clock; cameras take from seconds to some minutes
WEB_PAGE = "<!DOCTYPE html><html><head><title>Login</title></head><body><h1>Web Client</h1></body></html>"
_REPLIES = onvif_device.REPLIES | onvif_media.REPLIES | onvif_recording.REPLIES
_PREFIX = {namespace: prefix for prefix, namespace in NAMESPACES.items()}


class OnvifServer:
    """The ONVIF services of one camera."""

    def __init__(
        self,
        camera: SimulatedCamera,
        on_change: Callable[[SimulatedCamera, SimulatedCamera], None] = lambda before, after: None,
    ) -> None:
        self.camera = camera
        """As it is now: clients may set things."""
        self._on_change = on_change
        self.requests: list[str] = []
        """Operations in the order asked, for tests."""
        self._replies = _REPLIES | onvif_recording.SearchSessions().replies
        self._keeper = DoorKeeper(camera.door)
        self._used_nonces: deque[str] = deque(maxlen=MAX_NONCES)
        self._server = web.Server(self._serve)
        self._listener: asyncio.Server | None = None
        self._secure: asyncio.Server | None = None
        self._released = asyncio.Event()

    @property
    def ports(self) -> tuple[int, int | None]:
        """The HTTP and HTTPS ports that it really listens on."""
        plain, secure = _port(self._listener), _port(self._secure)
        return plain or self.camera.http_port, secure or self.camera.https_port

    async def start(self) -> None:
        """Listen.

        Raises: OSError where the address is taken.
        """
        loop = asyncio.get_running_loop()
        camera = self.camera
        self._listener = await loop.create_server(self._server, camera.address, camera.http_port)
        if camera.https_port is not None:
            context = self_signed_context(camera.address, camera.serial)
            try:
                self._secure = await loop.create_server(
                    self._server, camera.address, camera.https_port, ssl=context
                )
            except OSError:
                self._listener.close()
                raise

    async def close(self) -> None:
        """Stop listening, let silent requests go."""
        self._released.set()
        for listener in (self._listener, self._secure):
            if listener is not None:
                listener.close()
        await self._server.shutdown(timeout=1.0)

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        faults = self.camera.faults
        if faults.silent:
            await self._released.wait()
        if faults.answer_delay_s:
            await asyncio.sleep(faults.answer_delay_s)
        if faults.http_status is not None:
            return web.Response(status=faults.http_status, text=WEB_PAGE, content_type="text/html")
        if faults.not_onvif or request.method != "POST" or request.path not in SERVICE_PATHS.values():
            status = 404 if request.path not in ("/", "/index.html") and not faults.not_onvif else 200
            return web.Response(status=status, text=WEB_PAGE, content_type="text/html")
        body = await request.content.read(MAX_REQUEST_BYTES)
        try:
            soap = parse_soap_request(body)
        except NotSoap:
            return _soap(400, fault(("ter:WellFormed",), "Well-formed XML expected"))
        self.requests.append(soap.operation)
        return self._answer(soap, request.headers.get("Authorization"))

    def _answer(self, soap: SoapRequest, authorization: str | None) -> web.Response:
        prefix = _PREFIX.get(soap.namespace, "")
        reply, setter = self._replies.get((prefix, soap.operation)), SETTERS.get((prefix, soap.operation))
        if (
            (reply is None and setter is None)
            or soap.operation in self.camera.faults.missing
            or not self._has(prefix)
        ):
            return _soap(400, fault(("ter:ActionNotSupported",), "Optional Action Not Implemented"))
        if soap.operation not in PRE_AUTH and not self._admits(soap, authorization):
            return self._refusal(authorization)
        if setter is not None:
            return self._set(setter, soap, prefix)
        assert reply is not None
        try:
            text = envelope(reply(self.camera, soap, device_now(self.camera, datetime.now(UTC))))
        except onvif_media.UnknownToken:
            return _soap(
                400,
                fault(("ter:InvalidArgVal", "ter:NoProfile"), "The requested profile token does not exist"),
            )
        except onvif_recording.UnknownRecording:
            return _soap(400, fault(("ter:InvalidArgVal", "ter:InvalidToken"), "The token does not exist"))
        return _soap(200, text[: len(text) // 2] if self.camera.faults.truncated else text)

    def _set(self, setter: Setter, soap: SoapRequest, prefix: str) -> web.Response:
        """Change the camera as asked, or say in ONVIF's words why not."""
        before, now = self.camera, datetime.now(UTC)
        if before.account_level not in setter.levels:
            return _soap(400, fault(("ter:NotAuthorized",), "The account's level does not allow this"))
        try:
            self.camera = setter.change(before, soap, now)
        except Refused as refused:
            return _soap(400, fault(refused.subcodes, refused.reason))
        self._keeper.door = self.camera.door
        self._on_change(before, self.camera)
        return _soap(200, envelope(element(f"{prefix}:{soap.operation}Response")))

    def _has(self, prefix: str) -> bool:
        return prefix in onvif_device.services(self.camera)

    def _admits(self, soap: SoapRequest, authorization: str | None) -> bool:
        if self.camera.door.open_to_anyone:
            return True
        if soap.token is not None and self.camera.wsse:
            right = self._token_is_right(soap.token)
            self._keeper.wrong_answers += not right
            return right and not self._keeper.locked
        return self.camera.http_digest and self._keeper.admits("POST", authorization)

    def _token_is_right(self, token: UsernameToken) -> bool:
        door = self.camera.door
        try:
            nonce = base64.b64decode(token.nonce, validate=True)
            created = datetime.fromisoformat(token.created)
        except (binascii.Error, ValueError):
            return False
        if created.tzinfo is None or token.nonce in self._used_nonces:
            return False
        skew_s = (created - device_now(self.camera, datetime.now(UTC))).total_seconds()
        expected = hashlib.sha1(nonce + token.created.encode() + door.password.encode()).digest()
        digest = token.digest.encode()
        right = token.user == door.user and hmac.compare_digest(digest, base64.b64encode(expected))
        if right:
            self._used_nonces.append(token.nonce)
        return right and abs(skew_s) <= MAX_TOKEN_SKEW_S

    def _refusal(self, authorization: str | None) -> web.Response:
        if self._keeper.locked:
            return _soap(400, fault(("ter:NotAuthorized",), "The account is locked, try again in 30 minutes"))
        text = fault(("ter:NotAuthorized",), "Sender not Authorized")
        if not self.camera.http_digest:
            return _soap(400, text)
        response = _soap(401, text)
        for line in self._keeper.challenge_lines():
            response.headers.add("WWW-Authenticate", line)
        return response


def _port(listener: asyncio.Server | None) -> int | None:
    return int(listener.sockets[0].getsockname()[1]) if listener is not None and listener.sockets else None


def _soap(status: int, text: str) -> web.Response:
    return web.Response(
        status=status, body=text.encode(), content_type="application/soap+xml", charset="utf-8"
    )
