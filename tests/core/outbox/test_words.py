"""What a mail can say: templates with fixed fields, and no way to write a header from a name or a reason."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.outbox.errors import EffectFailed, WordsRefused
from core.outbox.mail import compose
from core.outbox.models import Effect, Failure, Kind
from core.outbox.templates import OutputTemplate, Template, all_templates, find_template, register
from core.outbox.words import LONGEST_VALUE
from core.people.models import Person
from core.settings import MAIL_ADDRESS, Settings
from tests.conftest import ISSUER, HandClock
from tests.core.outbox.conftest import DECIDED, MOVED, SAID
from tests.support.mail import SENDER, text_of

OUTPUT = "0123456789abcdef"
HOSTILE = [
    "Rosa\nBcc: eve@evil.example",
    "Rosa\r\nBcc: eve@evil.example\r\n\r\nbody",
    "Rosa\rBcc: eve@evil.example",
    "Rosa\u2028Bcc: eve@evil.example",
    "Rosa\x00\x0b\x0cBcc: eve@evil.example",
    "Rosa\x85Bcc: eve@evil.example",
    '"Rosa" <eve@evil.example>, Rosa',
    "=?utf-8?q?Rosa=0ABcc:_eve@evil.example?=",
    "Rosa\ud800",
]


def effect(at: datetime, template: str = DECIDED.name, **fields: str) -> Effect:
    payload = {"template": template, "fields": fields or SAID}
    nothing = {"leased_until": None, "last_failure": None, "done_at": None, "given_up_at": None, "cancelled_at": None}
    when = {"created_at": at, "due_at": at, "next_attempt_at": at}
    return Effect(id=OUTPUT, key="k", kind=Kind.MAIL, recipient="rosa", payload=payload, attempts=1, **when, **nothing)


def somebody(name: str = "Rosa", email: str = "rosa@example.org", *, active: bool = True) -> Person:
    return Person("rosa", name, email, ISSUER, "subject-rosa", active)


@pytest.fixture
def sending(settings: Settings) -> Settings:
    return Settings(**{**settings.model_dump(), "smtp_host": "localhost", "smtp_sender": SENDER})


HEADERS = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Auto-Submitted",
    "Content-Type",
    "Content-Transfer-Encoding",
    "MIME-Version",
]


def headers_on_the_wire(written: bytes) -> list[str]:
    head = written.split(b"\r\n\r\n")[0].decode().replace("\r\n ", " ")
    return sorted(line.split(":")[0] for line in head.split("\r\n"))


class TestHeaders:
    @pytest.mark.parametrize("text", HOSTILE)
    def test_a_name_writes_no_header(self, sending: Settings, clock: HandClock, text: str) -> None:
        message = compose(sending, effect(clock.now), somebody(text))
        assert headers_on_the_wire(message.as_bytes()) == sorted(HEADERS)
        assert [address.addr_spec for address in message["To"].addresses] == ["rosa@example.org"]

    @pytest.mark.parametrize("text", HOSTILE)
    def test_a_title_writes_no_header(self, sending: Settings, clock: HandClock, text: str) -> None:
        message = compose(sending, effect(clock.now, **{**SAID, "title": text}), somebody())
        assert headers_on_the_wire(message.as_bytes()) == sorted(HEADERS)

    @given(text=st.text(st.characters()))
    def test_nothing_writes_a_header(self, text: str) -> None:
        settings = Settings(smtp_host="localhost", smtp_sender=SENDER)
        said = {**SAID, "title": text, "reason": text}
        message = compose(settings, effect(HandClock().now, **said), somebody(text))
        assert headers_on_the_wire(message.as_bytes()) == sorted(HEADERS)
        assert [address.addr_spec for address in message["To"].addresses] == ["rosa@example.org"]

    @pytest.mark.parametrize(
        "email",
        [
            "rosa@example.org\nBcc: eve@evil.example",
            "rosa@example.org, eve@evil.example",
            "rosa@example.org>\r\nRCPT TO:<eve@evil.example",
            "Rosa <rosa@example.org>",
            "rosa..m@example.org",
            "zoë@example.org",
            "rosa@exämple.org",
            "rosa",
            "",
        ],
    )
    def test_what_is_no_address_is_written_to_by_nobody(self, sending: Settings, clock: HandClock, email: str) -> None:
        with pytest.raises(EffectFailed) as failed:
            compose(sending, effect(clock.now), somebody(email=email))
        assert failed.value.failure is Failure.RECIPIENT

    @given(email=st.from_regex(MAIL_ADDRESS, fullmatch=True))
    def test_every_other_address_is_written_as_it_is(self, email: str) -> None:
        settings = Settings(smtp_host="localhost", smtp_sender=email)
        message = compose(settings, effect(HandClock().now), somebody(email=email))
        assert [message[name].addresses[0].addr_spec for name in ("From", "To")] == [email, email]

    def test_names_beyond_ascii_arrive(self, sending: Settings, clock: HandClock) -> None:
        message = compose(sending, effect(clock.now, **{**SAID, "title": "Rückenmark – 脊髄"}), somebody("Zoë Łuć"))
        assert message.as_bytes().isascii()
        assert message["To"].addresses[0].display_name == "Zoë Łuć"
        assert message["Subject"] == "Application Rückenmark – 脊髄 was decided on"
        assert text_of(message).startswith("Dear Zoë Łuć,\n")


class TestTemplates:
    @pytest.mark.parametrize("fields", [{}, {**SAID, "age": "41"}, {"title": "t", "verdict": "v", "reason": "r"}])
    def test_a_mail_has_the_fields_of_its_template_and_no_others(self, fields: dict[str, str]) -> None:
        with pytest.raises(WordsRefused, match="and no others"):
            DECIDED.check(fields)

    @pytest.mark.parametrize("link", ["https://evil.example", "//evil.example", "/a?b=c", "/a b", "/a\n", "a", "/@x"])
    def test_a_link_leads_into_the_portal(self, link: str) -> None:
        with pytest.raises(WordsRefused, match="path of the portal"):
            DECIDED.check({**SAID, "link": link})

    def test_a_value_is_no_template(self) -> None:
        said = DECIDED.write({**SAID, "reason": "$title {title} %(title)s ${link}"}, "https://tre.example.org/")
        assert "$title {title} %(title)s ${link}\n\nhttps://tre.example.org/applications/7" in said.body

    def test_a_mail_needs_no_link(self) -> None:
        assert Template("tests:a:b", "s", "$a", {"a"}).write({"a": "x"}, "https://tre.example.org").body == "x"

    def test_a_long_reason_is_cut(self) -> None:
        said = DECIDED.write({**SAID, "reason": "x" * 10_000}, "https://tre.example.org")
        assert said.body.count("x") in range(LONGEST_VALUE - 10, LONGEST_VALUE)
        assert " […]\n" in said.body

    @pytest.mark.parametrize(
        ("name", "fields"),
        [("decided", {"a"}), ("tests:a:b", {"a", "b"}), ("tests:a:b", set())],
        ids=["its name", "a field too many", "a field too few"],
    )
    def test_a_template_uses_each_of_its_fields(self, name: str, fields: set[str]) -> None:
        with pytest.raises(ValueError, match="no template"):
            Template(name, "s", "$a", fields)

    def test_a_name_is_one_template(self) -> None:
        register(DECIDED)
        with pytest.raises(ValueError, match="another template"):
            register(Template(DECIDED.name, "s", "b", set()))
        assert all_templates()[DECIDED.name] is find_template(DECIDED.name) is DECIDED

    def test_a_mail_whose_template_is_gone_says_so(self, sending: Settings, clock: HandClock) -> None:
        with pytest.raises(EffectFailed) as failed:
            compose(sending, effect(clock.now, "tests:application:gone"), somebody())
        assert failed.value.failure is Failure.WORDS


class TestOutputs:
    def test_id_state_and_link_are_said(self) -> None:
        said = MOVED.write(MOVED.about(OUTPUT, "released"), "https://tre.example.org")
        assert said.subject == f"Release request {OUTPUT} is released"
        assert said.body == f"Release request {OUTPUT} is released.\n\nhttps://tre.example.org/reviews/{OUTPUT}"

    @pytest.mark.parametrize(
        "said",
        [
            {"id": "P4711-Anna-M"},
            {"id": OUTPUT.upper()},
            {"id": f"{OUTPUT}\n"},
            {"state": "released: 3 of 4 relapsed"},
            {"state": "draft"},
            {"link": "/reviews/fedcba9876543210"},
            {"link": "/anna/born/1971"},
            {"link": f"/reviews/{OUTPUT}/age-41"},
            {"comment": "Cell b is small."},
        ],
        ids=repr,
    )
    def test_nothing_else_is(self, said: dict[str, str]) -> None:
        with pytest.raises(WordsRefused):
            MOVED.check({**MOVED.about(OUTPUT, "released"), **said})

    def test_as_a_mail_that_may_carry_words_they_would_be(self) -> None:
        free = Template("tests:output:free", MOVED.subject, MOVED.body, {"id", "state", "link"})
        assert "3 of 4" in free.write({"id": "x", "state": "3 of 4", "link": "/"}, "https://tre.example.org").body

    def test_a_template_for_outputs_has_no_other_field(self) -> None:
        with pytest.raises(ValueError, match="no template"):
            OutputTemplate("tests:output:more", "$id $state $comment", "$link")


@pytest.mark.parametrize("sender", ["", "Myelin", "a@b\nBcc: c@d", "Myelin <myelin@example.org>"])
def test_a_mail_server_needs_a_sender(sender: str) -> None:
    with pytest.raises(ValueError, match="the address mail is sent from"):
        Settings(smtp_host="mail.example.org", smtp_sender=sender)
