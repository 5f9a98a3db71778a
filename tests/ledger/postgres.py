"""Real PostgreSQL servers for tests: settings go in; a server that can be started, killed and promoted comes
out.

Its files lie in a folder of its own and it listens on a socket in there, so any number of them run side by
side. It ends with the process that started it, however that ends. PostgreSQL refuses to run as root, so root
hands it to another user.
"""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg.conninfo import make_conninfo

from service.ledger.address import Address
from service.ledger.making import make_log
from service.ledger.wishes import Wishes

ADMIN: Final = "admin"
LOG: Final = "ladders/test"
_START_S: Final = 60
_ROOM: Final = 2**30  #: bytes
_SETTINGS: Final = {
    "listen_addresses": "",
    "shared_buffers": "16MB",
    "max_wal_size": "256MB",
    "min_wal_size": "32MB",
    "max_connections": "60",
    "autovacuum_naptime": "1h",
    "wal_receiver_timeout": "2s",
    "wal_retrieve_retry_interval": "100ms",
}


class Cluster:
    """One PostgreSQL server with its files."""

    _numbers = itertools.count()

    def __init__(self, in_memory: bool = True, /, **settings: str) -> None:
        self._top = Path(tempfile.mkdtemp(prefix="ladders-pg-", dir=_memory() if in_memory else None))
        self._settings = {**_SETTINGS, **settings}
        self._process: subprocess.Popen[bytes] | None = None
        if user := _other_user():
            os.chown(self._top, user.pw_uid, user.pw_gid)

    @property
    def files(self) -> Path:
        return self._top / "data"

    @property
    def folder(self) -> Path:
        """Where it listens."""
        return self._top

    @property
    def keys(self) -> Path:
        """A folder for the keys of its logs."""
        return self._top / "keys"

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    def create(self) -> Cluster:
        """Make an empty cluster and start it."""
        self._run(
            "initdb", "-D", self.files, "-U", ADMIN, "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"
        )
        return self.start()

    def copied(self, **settings: str) -> Cluster:
        """A standby of this cluster, following it."""
        standby = Cluster(**settings)
        standby._run(
            "pg_basebackup",
            "-D",
            standby.files,
            "-h",
            self._top,
            "-U",
            ADMIN,
            "-R",
            "-c",
            "fast",
            "--no-sync",
        )
        return standby.start()

    def start(self) -> Cluster:
        """Start the server and wait until it answers."""
        self._launch()
        give_up_at = time.monotonic() + _START_S
        while True:
            try:
                self.execute("SELECT 1")
            except psycopg.OperationalError:
                if time.monotonic() > give_up_at:
                    raise AssertionError((self._top / "server.log").read_text()) from None
                time.sleep(0.02)
                if self._process is None or self._process.poll() is not None:
                    self._launch()  # where the first process was killed, its children may still be ending
            else:
                return self

    def _launch(self) -> None:
        settings = {**self._settings, "unix_socket_directories": str(self._top)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command = _as_other_user("--pdeathsig=INT", _program("postgres"), "-D", str(self.files), *options)
        with (self._top / "server.log").open("ab") as told:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=told, stderr=told, cwd=self._top
            )

    def end(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop the server: SIGINT in order, SIGQUIT as `pg_ctl stop -m immediate`, SIGKILL by force."""
        if self._process:
            self._process.send_signal(how)
            self._process.wait(30)
            self._process = None

    def promote(self) -> None:
        """Make a standby the primary."""
        self.execute("SELECT pg_promote()")

    def remove(self) -> None:
        """Stop the server and remove its files."""
        self.end(signal.SIGQUIT)
        shutil.rmtree(self._top, ignore_errors=True)

    def new_database(self, like: str = "template1") -> str:
        """The name of a new database: an empty one, or a copy."""
        name = f"d{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {like}")
        return name

    def url(self, database: str, user: str = ADMIN, **options: str) -> str:
        """Where a user reaches a database."""
        more = "".join(f"&{name}={value}" for name, value in options.items())
        return f"postgresql://{user}@/{database}?host={self._top}{more}"

    def execute(self, statement: str, *given: Any, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run one statement as the superuser."""
        conninfo = make_conninfo(self.url(database), connect_timeout=5)
        with psycopg.connect(conninfo, autocommit=True) as connection:
            cursor = connection.execute(statement.encode(), given or None)
            return cursor.fetchall() if cursor.description else []

    def _run(self, program: str, *arguments: object) -> None:
        command = _as_other_user(_program(program), *map(str, arguments))
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=self._top)
        assert done.returncode == 0, f"{program}: {done.stdout}{done.stderr}"


def _program(name: str) -> str:
    """A program of the newest PostgreSQL here; Debian keeps those of the server off the path."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    found = shutil.which(
        name, path=os.pathsep.join([*map(str, reversed(folders)), os.environ.get("PATH", "")])
    )
    assert found, f"the tests need PostgreSQL from 15 on, and its `{name}` is not here; `.ci/run` installs it"
    return found


def _memory() -> Path | None:
    """Where files lie in memory, if there is room: what a killed server has written stays there too."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > _ROOM
    return memory if roomy else None


def _other_user() -> pwd.struct_passwd | None:
    """Whom root hands a server to; None when the tests do not run as root."""
    if os.getuid() != 0:
        return None
    names = {user.pw_name: user for user in pwd.getpwall()}
    return names.get("postgres") or names["nobody"]


def _as_other_user(*command: str) -> list[str]:
    user = _other_user()
    given = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"] if user else []
    return ["setpriv", *given, *command]


def wishes(keys: Path, **others: Any) -> Wishes:
    """How tests open a log."""
    given: dict[str, Any] = {
        "clock": lambda: datetime.now(UTC),
        "random_bytes": os.urandom,
        "name": LOG,
        "limit_s": 5,
        "may_make": True,
    }
    return Wishes(keys=keys, **{**given, **others})


def new_log(cluster: Cluster) -> str:
    """The name of a new database with a log that holds nothing but how it was made; `service` may write to it
    and `auditor` may read it. Its keys are those of `cluster.keys`.
    """
    if not cluster.execute("SELECT 1 FROM pg_database WHERE datname = 'a_log'"):
        cluster.execute("CREATE DATABASE a_log")
        cluster.execute("CREATE ROLE service LOGIN")
        cluster.execute("CREATE ROLE auditor LOGIN")
        place = Address(cluster.url("a_log"))
        make_log(place, wishes(cluster.keys), services=["service"], auditors=["auditor"])
    return cluster.new_database("a_log")
