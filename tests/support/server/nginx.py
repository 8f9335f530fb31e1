"""A real nginx with TLS, configured by a page of the documentation."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse, HTTPSConnection, RemoteDisconnected
from pathlib import Path

from tests.support.databases import missing

from ..peers.insistent import await_that

PREAMBLE = """
daemon off;
{user}
pid {folder}/nginx.pid;
error_log stderr warn;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {servers}
}}
"""
SELF_SIGNED = [
    "openssl",
    "req",
    "-x509",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-days",
    "2",
    "-subj",
    "/CN=example.org",
]


@contextmanager
def nginx(servers: str, upstream: tuple[str, str], folder: Path) -> Iterator[int]:
    """Serve these server blocks until the end; gives the port that took the place of 443.

    ``upstream`` is what the blocks call the site behind nginx, and where it is here.
    """
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        missing("nginx", "apt-get install nginx-light")
    port = free_port()
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run([*SELF_SIGNED, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    here = {
        r"listen 443": f"listen {port}",
        r"listen 80\b": f"listen {free_port()}",
        r"ssl_certificate [^;]+": f"ssl_certificate {certificate}",
        r"ssl_certificate_key [^;]+": f"ssl_certificate_key {key}",
        re.escape(upstream[0]): upstream[1],
    }
    for there, ours in here.items():
        servers = re.sub(there, ours, servers)
    configuration = folder / "nginx.conf"
    # The workers of a nginx that root starts are somebody else, who may not write into our folder.
    user = "user root;" if os.geteuid() == 0 else ""
    configuration.write_text(PREAMBLE.format(folder=folder, servers=servers, user=user))
    with subprocess.Popen([str(program), "-e", "stderr", "-p", folder, "-c", configuration]) as process:
        try:
            await_that(lambda: listening(port) or process.poll() is not None)
            assert process.poll() is None, "nginx did not start"
            yield port
        finally:
            process.terminate()


def free_port() -> int:
    """A port nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def listening(port: int) -> bool:
    """Whether somebody answers there."""
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


def connected(port: int, name: str) -> HTTPSConnection:
    """A connection to nginx that asks for ``name`` in the TLS handshake; ssl.SSLError where it is refused."""
    unverified = ssl._create_unverified_context()  # noqa: S323  # the certificate is our own
    connection = HTTPSConnection("127.0.0.1", port, timeout=30)
    plain = socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.sock = unverified.wrap_socket(plain, server_hostname=name)
    return connection


def is_closed_to(port: int, name: str, host: str) -> bool:
    """Whether nginx closes the connection to who asks for ``name`` by TLS, then for ``host`` by HTTP."""
    try:
        connection = connected(port, name)
    except ssl.SSLError:
        return True
    try:
        connection.request("GET", "/.well-known/oauth-authorization-server", headers={"Host": host})
        return not connection.getresponse().status
    except RemoteDisconnected:
        return True
    finally:
        connection.close()


def sign_in_over_tls(port: int, host: str, email: str, password: str) -> HTTPResponse:
    """What a page of ``https://host`` gets when it posts name and password to /auth/login."""
    connection = connected(port, host)
    headers = {"Host": host, "Origin": f"https://{host}", "Content-Type": "application/json"}
    try:
        body = json.dumps({"email": email, "password": password})
        connection.request("POST", "/auth/login", body, headers)
        return connection.getresponse()
    finally:
        connection.close()
