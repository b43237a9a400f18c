"""Mail: a message made from a template, sent by SMTP over a connection that is encrypted and whose server is known.

A mail is plain text to one person. Its headers are written by `email.message`, from one-line texts only.
"""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from urllib.parse import urlsplit

from core.errors import Unavailable
from core.outbox.errors import EffectFailed, WordsRefused
from core.outbox.models import Effect, Failure
from core.outbox.templates import Words, find_template
from core.outbox.words import one_line
from core.people.models import Person
from core.secrets import given_secret
from core.settings import MAIL_ADDRESS, Settings

ANSWER_SECONDS = 30.0
"""How long one answer of the mail server is waited for."""

PASSWORD = "smtp-password"  # noqa: S105  (the name of its file)
_NAME = "Myelin"
_REFUSED_FOR_GOOD = 500


def send_mail(settings: Settings, effect: Effect, person: Person) -> None:
    """Send one mail; raises EffectFailed, after which it may still have arrived where the server fell silent."""
    message = compose(settings, effect, person)
    with _server(settings) as server, _failures_of_a_message():
        server.send_message(message, settings.smtp_sender, [person.email])


def compose(settings: Settings, effect: Effect, person: Person) -> EmailMessage:
    """Return the message of an effect: the same at each try, under the same Message-ID.

    Raises EffectFailed where the person's account is closed, their address is none, or the template has changed.
    """
    if not person.active or not MAIL_ADDRESS.fullmatch(person.email):
        raise EffectFailed(Failure.RECIPIENT)
    words, name = _words_of(settings, effect), one_line(person.name)
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(_NAME, addr_spec=settings.smtp_sender)
    message["To"] = Address(name, addr_spec=person.email)
    message["Subject"] = words.subject
    message["Date"] = effect.due_at
    message["Message-ID"] = f"<{effect.id}.outbox@{_own_host(settings)}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence note answers it
    sender = f"-- \nMyelin, {settings.portal_url}\nNobody reads answers to this address.\n"
    message.set_content(f"Dear {name},\n\n{words.body.strip()}\n\n{sender}", cte="quoted-printable")
    return message


def _own_host(settings: Settings) -> str:
    return urlsplit(settings.portal_url).hostname or "localhost"


def _words_of(settings: Settings, effect: Effect) -> Words:
    try:
        return find_template(effect.payload["template"]).write(effect.payload["fields"], settings.portal_url)
    except WordsRefused as error:
        raise EffectFailed(Failure.WORDS) from error


@contextmanager
def _server(settings: Settings) -> Iterator[smtplib.SMTP]:
    """Give the mail server, encrypted, verified and signed in to; what its good-bye says changes nothing."""
    with _failures_of_the_server():
        server = _connect(settings)
    try:
        if settings.smtp_user:
            _sign_in(settings, server)
        yield server
    finally:
        with suppress(smtplib.SMTPException, OSError):
            server.quit()
        server.close()


def _connect(settings: Settings) -> smtplib.SMTP:
    trusted = _trusted(settings)
    address = (settings.smtp_host, settings.smtp_port, _own_host(settings))
    if settings.smtp_security == "tls":
        return smtplib.SMTP_SSL(*address, timeout=ANSWER_SECONDS, context=trusted)
    server = smtplib.SMTP(*address, timeout=ANSWER_SECONDS)
    try:
        server.starttls(context=trusted)
    except BaseException:
        server.close()
        raise
    return server


def _trusted(settings: Settings) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=settings.smtp_ca_file or None)
    except OSError as error:
        raise EffectFailed(Failure.UNTRUSTED) from error


def _sign_in(settings: Settings, server: smtplib.SMTP) -> None:
    with _failures_of_the_server():
        try:
            server.login(settings.smtp_user, given_secret(settings, PASSWORD))
        except (smtplib.SMTPAuthenticationError, smtplib.SMTPNotSupportedError, Unavailable) as error:
            raise EffectFailed(Failure.LOGIN) from error


@contextmanager
def _failures_of_the_server() -> Iterator[None]:
    try:
        yield
    except (ssl.SSLError, smtplib.SMTPNotSupportedError) as error:
        raise EffectFailed(Failure.UNTRUSTED) from error
    except (smtplib.SMTPException, OSError) as error:
        raise EffectFailed(Failure.UNREACHABLE) from error


@contextmanager
def _failures_of_a_message() -> Iterator[None]:
    try:
        yield
    except smtplib.SMTPSenderRefused as error:
        raise EffectFailed(Failure.SENDER) from error
    except smtplib.SMTPRecipientsRefused as error:
        raise EffectFailed(_by_code(min(code for code, _ in error.recipients.values()))) from error
    except smtplib.SMTPResponseException as error:
        raise EffectFailed(_by_code(error.smtp_code)) from error
    except (smtplib.SMTPException, OSError) as error:
        raise EffectFailed(Failure.UNREACHABLE) from error


def _by_code(code: int) -> Failure:
    return Failure.REFUSED if code >= _REFUSED_FOR_GOOD else Failure.POSTPONED
