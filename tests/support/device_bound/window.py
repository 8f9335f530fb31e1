"""Chromium with Device Bound Session Credentials, whose key is in software for want of a TPM."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_der_x509_certificate
from playwright.sync_api import BrowserContext

from ..chromium.chromium import chromium
from ..server.nginx import connected

HOST = "localhost"
FEATURES = "DeviceBoundSessions,EnableBoundSessionCredentialsSoftwareKeysForManualTesting"


def trusting(port: int) -> str:
    """The argument with which Chromium trusts the certificate of a server of ours.

    ``--ignore-certificate-errors`` switches the binding of sessions off.
    """
    with connected(port, HOST).sock as tls:
        certificate = load_der_x509_certificate(tls.getpeercert(binary_form=True) or b"")
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"--ignore-certificate-errors-spki-list={base64.b64encode(hashlib.sha256(key).digest()).decode()}"


@contextmanager
def binding_chromium(folder: Path, port: int, *, binds: bool = True) -> Iterator[BrowserContext]:
    """A running Chromium that trusts the server at this port. Without ``binds`` it knows no binding."""
    features = (f"--enable-features={FEATURES}",) if binds else ("--disable-features=DeviceBoundSessions",)
    with chromium(folder, trusting(port), *features) as context:
        yield context
