"""A PostgreSQL of the tests' own: Debian's server, started as a non-root user on loopback, gone at the end."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text

from core.guards import APPLICATION_ROLE

OWNER = "myelin_owner"


def _tool(name: str) -> str:
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return str(folders[-1] / name) if folders else name


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _run(*command: str) -> None:
    account = pwd.getpwnam("postgres")
    as_postgres = {"user": account.pw_uid, "group": account.pw_gid} if os.getuid() == 0 else {}
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/", **as_postgres)


@contextmanager
def postgres_server() -> Iterator[str]:
    """Run a server and give the address of its maintenance database, as the superuser `postgres`."""
    folder = Path(tempfile.mkdtemp(prefix="myelin-pg-"))
    if os.getuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    port, data = _free_port(), folder / "data"
    _run(_tool("initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8")
    options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder} -c fsync=off"
    _run(_tool("pg_ctl"), "-D", str(data), "-w", "-l", str(folder / "log"), "-o", options, "start")
    try:
        url = f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for role in (OWNER, APPLICATION_ROLE):
                connection.execute(text(f"CREATE ROLE {role} LOGIN"))
        engine.dispose()
        yield url
    finally:
        _run(_tool("pg_ctl"), "-D", str(data), "-m", "immediate", "stop")
        shutil.rmtree(folder)


def new_database(server: str, name: str, template: str = "template1") -> str:
    """Make a database owned by the owner role, a copy of another, and return its address as that role.

    Without a template it is empty. Nobody may be connected to the template.
    """
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        # Without fsync, copying the files takes less than writing them to the log as well.
        copying = f"TEMPLATE {template} STRATEGY file_copy"
        connection.execute(text(f"CREATE DATABASE {name} OWNER {OWNER} {copying}"))
    engine.dispose()
    return server.replace("postgres@", f"{OWNER}@").rsplit("/", 1)[0] + f"/{name}"


def as_application(url: str) -> str:
    """Return a database's address as the role the program signs in as, which owns nothing."""
    return url.replace(f"{OWNER}@", f"{APPLICATION_ROLE}@")
