"""How the `onvif` command sends: onvif-zeep's log-in and `requests`, as careful as our own reader."""

from __future__ import annotations

from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from camagent.interrogate.auth import HttpLogin
    from camagent.interrogate.interview import WayIn
    from camagent.model.secret import Credential

CALL_TIMEOUT_S = 10.0  # twice an interview's: logs and backups are gathered while we wait
READ_CHUNK_BYTES = 65_536


def username_token(way: WayIn, credential: Credential | None) -> Any:
    """WS-UsernameToken on the device's time; None where HTTP is the way in, or nothing asked for a log-in."""
    from onvif.client import UsernameDigestTokenDtDiff

    from camagent.interrogate.auth import Way

    if credential is None or way.scheme is None or way.scheme.startswith("http-"):
        return None
    own_time = way.scheme == Way.WSSE_OWN_TIME or way.clock_offset_s is None
    shift = timedelta(0) if own_time else timedelta(seconds=way.clock_offset_s or 0.0)
    return UsernameDigestTokenDtDiff(
        credential.user, credential.secret.reveal(), dt_diff=shift, use_digest=True, zulu_timestamp=True
    )


def zeep_transport(way: WayIn, credential: Credential | None) -> Any:
    """requests as careful as our own door: no proxy, no redirect, time-outs, any certificate, old TLS."""
    import requests
    from requests.adapters import HTTPAdapter
    from zeep.transports import Transport

    from camagent.interrogate.auth import HttpLogin
    from camagent.wire.tls import device_context

    class DeviceAdapter(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **options: Any) -> None:
            super().init_poolmanager(*args, **options, ssl_context=device_context(legacy=True))

        def send(self, request: Any, *args: Any, **options: Any) -> Any:
            response = super().send(request, *args, **options | {"stream": True})
            # the only way to hand requests a body that was read by us
            response._content = _read_bounded(response)
            return response

    session = requests.Session()
    session.trust_env, session.verify, session.max_redirects = False, False, 0
    for scheme in ("http://", "https://"):
        session.mount(scheme, DeviceAdapter())
    if credential is not None and (way.scheme or "").startswith("http-"):
        session.auth = _HttpAnswer(HttpLogin(credential), way)
    return Transport(session=session, timeout=CALL_TIMEOUT_S, operation_timeout=CALL_TIMEOUT_S)


def _read_bounded(response: Any) -> bytes:
    """A body of bearable size within bearable time; `requests` itself knows neither limit."""
    from requests import exceptions as http
    from urllib3.exceptions import ReadTimeoutError

    from camagent.wire.xml import MAX_XML_BYTES

    body, deadline_s = bytearray(), monotonic() + CALL_TIMEOUT_S
    try:
        while chunk := response.raw.read1(READ_CHUNK_BYTES, decode_content=True):
            body += chunk
            if len(body) > MAX_XML_BYTES or monotonic() > deadline_s:
                raise http.ContentDecodingError if len(body) > MAX_XML_BYTES else http.ReadTimeout
    except ReadTimeoutError as error:
        raise http.ReadTimeout from error
    return bytes(body)


class _HttpAnswer:
    """Our own Digest as a `requests` authenticator: theirs takes the last of several challenges, not the
    strongest, and any weaker one."""

    def __init__(self, login: HttpLogin, way: WayIn) -> None:
        self._login, self._way = login, way

    def __call__(self, request: Any) -> Any:
        from camagent.interrogate.auth import Way

        if self._way.scheme == Way.HTTP_BASIC:
            self._authorize(request)
        else:
            request.register_hook("response", self._answer)
        return request

    def _answer(self, response: Any, **options: Any) -> Any:
        from camagent.wire.digest import digest_challenges, parse_challenges

        challenges = parse_challenges([response.headers.get("WWW-Authenticate", "")])
        offered = digest_challenges(challenges)
        if self._way.strength is not None and offered and offered[0].strength.is_below(self._way.strength):
            return response
        if (
            response.status_code != 401
            or self._login.challenge is not None
            or not self._login.renew(challenges)
        ):
            return response
        _ = response.content  # read to the end, so that the connection can be used again
        again = response.request.copy()
        self._authorize(again)
        return response.connection.send(again, **options)

    def _authorize(self, request: Any) -> None:
        from camagent.wire.digest import DigestRequest, fresh_cnonce

        body = request.body if isinstance(request.body, bytes) else (request.body or "").encode()
        covered = DigestRequest(request.method, request.path_url, fresh_cnonce(), body=body)
        request.headers["Authorization"] = self._login.authorization(covered)
