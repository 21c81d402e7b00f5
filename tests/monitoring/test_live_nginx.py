"""The exporter behind a web server that we did not write: Debian's nginx as a reverse proxy."""

from __future__ import annotations

import contextlib
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from camagent.app.service import load_web_config
from tests.monitoring.live import school_snapshot, threaded_exporter
from tests.monitoring.programs import daemon, eventually, found_program, free_port
from tests.monitoring.test_live import PASSWORD, write_web_config
from tests.publish.exporter_peers import View

pytestmark = pytest.mark.skipif(found_program("nginx") is None, reason="Debian's nginx could not be had")
NAME = "camera.school.example"
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
ROUNDS = 50


@contextlib.contextmanager
def nginx(folder: Path, upstream: str) -> Iterator[str]:
    """nginx before that address; yields its own. By /: HTTP/1.0 and a connection each, as nginx does unasked;
    by /kept/: HTTP/1.1 over connections that are kept."""
    scheme, _, place = upstream.partition("://")
    port = free_port()
    paths = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in TEMPORARY)
    (folder / "nginx.conf").write_text(f"""
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ }}
http {{
  access_log off; {paths}
  upstream agent {{ server {place}; keepalive 2; }}
  server {{
    listen 127.0.0.1:{port};
    proxy_set_header Host $host;
    proxy_ssl_trusted_certificate {folder}/ca.pem;
    location / {{ proxy_pass {scheme}://agent; }}
    location /kept/ {{
      proxy_pass {scheme}://agent/; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header Host $host;
    }}
  }}
}}
""")
    command = ["nginx", "-c", str(folder / "nginx.conf"), "-e", str(folder / "nginx.log")]
    with daemon(command, folder / "nginx.out"):
        eventually(lambda: ask(f"http://127.0.0.1:{port}/none", NAME)[0], "nginx listens")
        yield f"http://127.0.0.1:{port}"


def ask(url: str, host: str, password: str = "") -> tuple[int, bytes]:
    """(status, body) of a page by that name of the host."""
    login = b64encode(f"prometheus:{password}".encode()).decode()
    headers = {"Host": host} | ({"Authorization": f"Basic {login}"} if password else {})
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=60) as reply:
            return reply.status, reply.read()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read()


@pytest.mark.parametrize("way", ["", "/kept"])
def test_a_proxy_is_answered_by_the_name_that_is_configured(tmp_path: Path, way: str) -> None:
    with (
        threaded_exporter(View(school_snapshot(3)), names=frozenset({NAME})) as agent,
        nginx(tmp_path, f"http://127.0.0.1:{agent.port}") as front,
    ):
        for _ in range(ROUNDS):
            status, body = ask(f"{front}{way}/metrics", NAME)
            assert status == 200 and body.count(b"camagent_camera_up{") == 3
            assert ask(f"{front}{way}/no-such-page", NAME)[0] == 404
        assert b"THCS" in ask(f"{front}{way}/", NAME)[1]
        assert ask(f"{front}{way}/metrics", "evil.example") == ask(f"{front}{way}/metrics", "[::2]")
        assert ask(f"{front}{way}/metrics", "evil.example") == (421, b"421 Misdirected Request\n")
        eventually(lambda: agent.exporter.connections <= 2, "nginx keeps two connections")
    assert (tmp_path / "nginx.log").read_text() == ""


@pytest.mark.parametrize("way", ["", "/kept"])
def test_a_proxy_over_tls_passes_the_password_on(tmp_path: Path, way: str) -> None:
    web = load_web_config(write_web_config(tmp_path))
    with (
        threaded_exporter(View(school_snapshot(3)), web, frozenset({NAME})) as agent,
        nginx(tmp_path, f"https://127.0.0.1:{agent.port}") as front,
    ):
        for _ in range(ROUNDS):
            assert ask(f"{front}{way}/metrics", NAME, PASSWORD)[0] == 200
        assert ask(f"{front}{way}/metrics", NAME)[0] == 401
        assert ask(f"{front}{way}/metrics", NAME, "guessed")[0] == 401
    assert (tmp_path / "nginx.log").read_text() == ""
