"""However often somebody repeats a run with a wrong password, a camera is asked to judge it once a day."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from tests.observe.wire.camera import Camera

WRONG, OTHER = "hunter2plain", "hunter3plain"


class School:
    """One machine's folders, and one camera with another password."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.camera = Camera(user="admin", password="right")
        self.environment = {
            "PATH": os.environ["PATH"],
            "CAMAGENT_DATA": str(folder / "data"),
            "CAMAGENT_CONFIG_DIR": str(folder / "config"),
            "LANG": "C.UTF-8",
        }

    async def run(self, *arguments: str, password: str = WRONG) -> str:
        environment = self.environment | {"CAMAGENT_PASSWORD": password}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "camagent", "--lang", "en", *arguments),
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        out, _ = await process.communicate()
        return out.decode()

    async def check(self, password: str = WRONG) -> str:
        where = (f"rtsp://127.0.0.1:{self.camera.uri.port}/live", "--user", "admin", "--window", "2")
        return await self.run("check", *where, "--format", "json", password=password)

    def tries(self) -> int:
        """Log-ins that reached the camera."""
        return sum("authorization" in asked.headers for asked in self.camera.asked)


def test_a_wrong_password_is_tried_once_whatever_is_started_how_often(tmp_path: Path) -> None:
    async def story() -> None:
        school = School(tmp_path)
        server = await asyncio.start_server(school.camera.serve, "127.0.0.1", 0)
        school.camera.uri = type(school.camera.uri)(
            "rtsp", "127.0.0.1", server.sockets[0].getsockname()[1], "/live"
        )
        at_once = await asyncio.gather(school.check(), school.check())
        assert school.tries() == 1, at_once
        assert any("auth_rejected" in text for text in at_once)
        assert "auth_rejected" in await school.check() and school.tries() == 1
        listed = await school.run("credentials", "list")
        assert "127.0.0.1\tadmin\trefused" in listed and WRONG not in listed
        await school.check(OTHER)
        assert school.tries() == 2, "a changed password lifts the guard"
        assert "2" not in (await school.run("credentials", "retry", "192.0.2.1")).split(":")[1]
        await school.run("credentials", "retry", "127.0.0.1")
        await school.check()
        assert school.tries() == 3
        await school.run("credentials", "set", "127.0.0.0/8", "--user", "admin")
        await school.check()
        assert school.tries() == 4, "a log-in that is set anew may be tried"
        server.close()

    asyncio.run(story())
