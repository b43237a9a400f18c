"""Every setting of an installation, read once from the environment (`MYELIN_…`)."""

import re
from functools import cached_property
from ipaddress import IPv4Network
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.people.models import Role

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
MAIL_ADDRESS = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")
"""A plain mail address, ASCII only, as every mail server takes it: RFC 5322's dot-atom, and the name of a host."""


class Settings(BaseSettings):
    """Where things are and how much of them; secrets are files under `keys`, never settings."""

    model_config = SettingsConfigDict(env_prefix="MYELIN_", frozen=True, extra="ignore")

    mode: Literal["demo", "production"] = Field(
        "production", description="demo allows the sign-in provider on loopback; anything else refuses it"
    )
    state: Path = Field(Path("/var/lib/myelin"), description="folder of everything that must be kept")
    database_url: str = Field("", description="control database; empty means SQLite in the state folder")
    database_owner_url: str = Field("", description="the same database as its owner reaches it, for `myelin init`")
    host: str = Field("127.0.0.1", description="address the portal and the public proxy listen on")
    portal_port: int = Field(8090, description="port of the portal")
    hub_port: int = Field(8000, description="port of JupyterHub's public proxy")
    hub_api_port: int = Field(8081, description="port of the hub's API, on the project networks' gateways")
    proxy_api_port: int = Field(8001, description="port of the proxy's own API, on loopback")
    egress_port: int = Field(8082, description="port of the egress API, on the project networks' gateways")
    portal_url: str = Field("http://portal.localhost:8090", description="address people open the portal at")
    hub_url: str = Field("http://notebooks.localhost:8000", description="address people open notebooks at")

    oidc_issuer: str = Field("http://id.localhost:9400", description="issuer of the sign-in provider")
    oidc_backchannel: str = Field("", description="address servers reach the issuer at, where it differs")
    oidc_client_id: str = Field("myelin", description="client registered with the sign-in provider")
    second_factor_acr: str = Field(
        "",
        description="value of the claim `acr` by which the provider says that a second factor was used, and that it is "
        "asked for at each sign-in; empty means that `amr` alone says so",
    )
    second_factor_roles: str = Field(
        "checker,dac_member,data_manager,ops", description="roles nobody acts in without a second factor, with commas"
    )

    network_pool: IPv4Network = Field(IPv4Network("10.77.0.0/16"), description="range project networks are taken from")
    notebook_image: str = Field("myelin/notebook:latest", description="image of the notebook servers")
    server_memory_bytes: int = Field(4 << 30, description="memory of one notebook server, in bytes")
    server_cpus: float = Field(2.0, description="processor cores of one notebook server")
    server_pids: int = Field(512, description="processes of one notebook server")
    server_tmp_bytes: int = Field(1 << 30, description="size of /tmp in a notebook server, in bytes")

    submission_max_files: int = Field(20, description="files in one release request")
    submission_max_bytes: int = Field(50 << 20, description="bytes in one release request")
    submission_max_held: int = Field(20, description="release requests of one project that may wait for its checkers")
    submission_max_daily_bytes: int = Field(1 << 30, description="bytes one project may submit within 24 hours")
    smtp_host: str = Field("", description="mail server; empty means that no mail is sent and all of it waits")
    smtp_port: int = Field(587, description="port of the mail server")
    smtp_security: Literal["starttls", "tls"] = Field(
        "starttls", description="how the connection to the mail server is encrypted: after STARTTLS, or from its start"
    )
    smtp_ca_file: str = Field("", description="certificates the mail server's is signed by; empty means the system's")
    smtp_user: str = Field("", description="user at the mail server; the password is the file `smtp-password` of keys")
    smtp_sender: str = Field("", validate_default=True, description="address mail is sent from, where any is sent")
    archive_max_bytes: int = Field(50 << 30, ge=0, description="bytes of a closed project's archive, before packing")
    archive_days: int = Field(365, ge=1, description="days the archive of a closed project is kept")
    session_hours: int = Field(10, description="hours a sign-in to the portal or the command line lasts")

    @field_validator("smtp_sender")
    @classmethod
    def _is_address(cls, sender: str, others: ValidationInfo) -> str:
        if others.data.get("smtp_host") and not MAIL_ADDRESS.fullmatch(sender):
            raise ValueError("with a mail server, this is the address mail is sent from: name@host")
        return sender

    @field_validator("second_factor_roles")
    @classmethod
    def _are_roles(cls, roles: str) -> str:
        for role in _named(roles):
            Role(role)
        return roles

    @cached_property
    def roles_with_second_factor(self) -> frozenset[Role]:
        """The roles nobody acts in without a second factor."""
        return frozenset(Role(role) for role in _named(self.second_factor_roles))

    @cached_property
    def database(self) -> str:
        """The control database's address, with the embedded default filled in."""
        return self.database_url or f"sqlite:///{self.state / 'control.db'}"

    @cached_property
    def vault(self) -> Path:
        """Editions of every dataset; only the service's own user reads it."""
        return self.state / "vault"

    @cached_property
    def cuts(self) -> Path:
        """What projects see, one folder per project and cut."""
        return self.state / "cuts"

    @cached_property
    def homes(self) -> Path:
        """Home folders, one per project and person."""
        return self.state / "homes"

    @cached_property
    def teams(self) -> Path:
        """Folders shared by a project's team."""
        return self.state / "teams"

    @cached_property
    def hold(self) -> Path:
        """Everything that was ever submitted, by its SHA-256."""
        return self.state / "hold"

    @cached_property
    def released(self) -> Path:
        """What output checkers let go, by its SHA-256."""
        return self.state / "released"

    @cached_property
    def agreements(self) -> Path:
        """Signed documents, by their SHA-256."""
        return self.state / "agreements"

    @cached_property
    def keys(self) -> Path:
        """Secrets of this installation, one file each, readable by the service only."""
        return self.state / "keys"

    @cached_property
    def checkpoints(self) -> Path:
        """Signed checkpoints of the audit log; copy them elsewhere to detect truncation."""
        return self.state / "checkpoints"

    @cached_property
    def archive(self) -> Path:
        """Team folders of closed projects, one read-only file each, until their last day."""
        return self.state / "archive"

    @cached_property
    def proofs(self) -> Path:
        """Signed deletion proofs, one per closed project; copy them elsewhere."""
        return self.state / "proofs"

    @cached_property
    def locks(self) -> Path:
        """Empty files that the processes of this machine lock against each other."""
        return self.state / "locks"


def _named(roles: str) -> list[str]:
    return [role.strip() for role in roles.split(",") if role.strip()]
