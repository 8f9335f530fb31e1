"""A form with a file in it, posted as a browser posts it: around by continue, with cookies and body."""

from __future__ import annotations

import hashlib
import os
from http.cookies import SimpleCookie
from typing import NamedTuple

from tests.support.server.nginx import connected

BOUNDARY = "a-boundary-of-an-upload"
MULTIPART = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "same-origin"}


class Upload(NamedTuple):
    """What is sent: the body, and the SHA-256 of the file in it."""

    body: bytes
    digest: str


class BrowserReply(NamedTuple):
    """What came back."""

    status: int
    location: str | None
    text: str


def upload_of(size: int) -> Upload:
    """An upload of a file of ``size`` bytes."""
    file = os.urandom(size)
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n'
    return Upload(head.encode() + file + f"\r\n--{BOUNDARY}--\r\n".encode(), hashlib.sha256(file).hexdigest())


class Uploader:
    """A browser that asks nginx on loopback for ``host``; every request has a connection of its own."""

    def __init__(self, port: int, host: str) -> None:
        self._port, self._host = port, host
        self.cookies: dict[str, str] = {}

    def post(self, path: str, body: bytes, headers: dict[str, str]) -> BrowserReply:
        """Send one request, keep the cookies of its answer."""
        connection = connected(self._port, self._host)
        sent = NAVIGATION | {"Host": self._host} | self._cookie() | headers
        try:
            connection.request("POST", path, body, sent)
            reply = connection.getresponse()
            for line in reply.headers.get_all("Set-Cookie", []):
                self.cookies |= {name: morsel.value for name, morsel in SimpleCookie(line).items()}
            return BrowserReply(reply.status, reply.headers["Location"], reply.read().decode())
        finally:
            connection.close()

    def send(self, path: str, upload: Upload) -> tuple[list[int], str]:
        """Post an upload and follow each 307 with the same body: the statuses, and the last page."""
        statuses = []
        while True:
            answer = self.post(path, upload.body, MULTIPART)
            statuses.append(answer.status)
            if answer.status != 307 or answer.location is None:
                return statuses, answer.text
            path = answer.location

    def _cookie(self) -> dict[str, str]:
        jar = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {"Cookie": jar} if jar else {}
