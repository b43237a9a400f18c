"""A mail server of the tests' own, on loopback, with a certificate it signed itself; it refuses what it is told to."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from threading import Event
from typing import Any, Literal

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from core.settings import Settings
from tests.support.server import free_port

USER, PASSWORD = "myelin", "a password of the tests' own"
SENDER = "myelin@tre.example.org"
HANGS_UP = "hangs up"


@dataclass
class Postbox:
    """What arrived, and how the server answers: `answers["RCPT"]` or `answers["DATA"]` in place of yes."""

    port: int
    certificates: Path
    security: Literal["starttls", "tls"]
    received: list[EmailMessage] = field(default_factory=list)
    to: list[list[str]] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    logins: list[bytes] = field(default_factory=list)
    arrived: Event = field(default_factory=Event)

    async def handle_MAIL(self, _server: Any, _session: Any, envelope: Envelope, address: str, options: Any) -> str:
        envelope.mail_from = address
        return self.answers.get("MAIL", "250 OK")

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Envelope, address: str, _options: Any) -> str:
        if "RCPT" not in self.answers:
            envelope.rcpt_tos.append(address)
        return self.answers.get("RCPT", "250 OK")

    async def handle_DATA(self, server: Any, _session: Any, envelope: Envelope) -> str:
        if self.answers.get("DATA") == HANGS_UP:
            server.transport.abort()
        if "DATA" not in self.answers:
            self.to.append(list(envelope.rcpt_tos))
            self.received.append(message_from_bytes(envelope.original_content or b"", policy=default))  # type: ignore[arg-type]
            self.arrived.set()
        return self.answers.get("DATA", "250 OK")

    def check_login(self, _server: Any, _session: Any, _envelope: Any, _way: str, login: LoginPassword) -> AuthResult:
        self.logins.append(login.login)
        right = (login.login, login.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=right, handled=False)

    def settings(self, settings: Settings, **others: object) -> Settings:
        """The settings of an installation that sends its mail here."""
        settings.keys.mkdir(parents=True, exist_ok=True)
        (settings.keys / "smtp-password").write_text(PASSWORD)
        mine = {"smtp_host": "localhost", "smtp_port": self.port, "smtp_security": self.security, "smtp_user": USER}
        trusted = {"smtp_ca_file": str(self.certificates), "smtp_sender": SENDER}
        return Settings(**{**settings.model_dump(), **mine, **trusted, **others})


def text_of(message: EmailMessage) -> str:
    """Return what a message says, with plain line ends."""
    text: str = message.get_content()
    return text.replace("\r\n", "\n")


@contextmanager
def mail_server(
    folder: Path,
    security: Literal["starttls", "tls"] = "starttls",
    certified: str = "localhost",
    *,
    offers_tls: bool = True,
) -> Iterator[Postbox]:
    """Run a server that takes mail over TLS from whoever signs in, with a certificate for a host of this name.

    One that offers no TLS stands for somebody on the way who took STARTTLS out of the server's answer.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*_make_certificate(folder, certified))
    postbox = Postbox(free_port(), folder / "certificate.pem", security)
    if security == "tls":
        encrypted = {"ssl_context": context}
    else:
        encrypted = {"tls_context": context, "require_starttls": True} if offers_tls else {}
    checks_first = security == "starttls" and offers_tls
    signing_in = {"authenticator": postbox.check_login, "auth_required": checks_first, "auth_require_tls": checks_first}
    controller = Controller(postbox, "localhost", postbox.port, enable_SMTPUTF8=False, **encrypted, **signing_in)
    controller.start()
    try:
        yield postbox
    finally:
        controller.stop()


def _make_certificate(folder: Path, host: str) -> tuple[Path, Path]:
    """Write a certificate for a host, signed by itself, and its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    names = x509.SubjectAlternativeName([x509.DNSName(host)])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "key.pem").write_bytes(secret)
    return folder / "certificate.pem", folder / "key.pem"
