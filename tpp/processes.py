"""Child processes that end when we do.

A `Stack` starts children in order and stops them in reverse; each has its own process group and its own log.
On Linux the kernel signals every child when we die, however that happens. All children inherit the stack's
lock, so the next stack on the same directory waits for the last process of an earlier one, and ends what was
orphaned there.
"""

import contextlib
import ctypes
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

_PR_SET_PDEATHSIG = 1
_EARLIER_PROCESSES_SECONDS = 10.0


class StartError(Exception):
    """Something needed did not start; the message says what and, where it is known, why."""


@dataclass(frozen=True)
class Child:
    """A started process; `log` is None where it writes to our own output."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path | None
    stop_signal: signal.Signals

    @property
    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def stop(self, *, patience: float = 15.0) -> None:
        """Ask it to stop, kill what has not stopped after `patience` [s]."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(self.stop_signal)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(patience)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def wait_until(self, ready: Callable[[], bool], *, seconds: float) -> None:
        """Return when `ready` answers True; raise StartError if the process ends or `seconds` pass before."""
        limit = time.monotonic() + seconds
        while not ready():
            if self.has_ended:
                raise StartError(
                    f"{self.name} ended with status {self.process.returncode}.{self.last_words()}"
                )
            if time.monotonic() > limit:
                raise StartError(f"{self.name} was not ready after {seconds:.0f} s.{self.last_words()}")
            time.sleep(0.02)

    def last_words(self, lines: int = 15) -> str:
        """The end of its log, as a paragraph to put after a sentence; empty where there is none."""
        text = self.log.read_text(errors="replace").strip() if self.log else ""
        return f" Its last lines:\n{indented(text, lines)}" if text else ""


def indented(text: str, lines: int) -> str:
    """The last `lines` of `text`, each behind two spaces."""
    return "\n".join(f"  {line}" for line in text.strip().splitlines()[-lines:])


def spawn(
    name: str,
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    log: Path | None = None,
    stop_signal: signal.Signals = signal.SIGTERM,
    keep: Sequence[int] = (),
) -> Child:
    """Start `command` in its own process group; the kernel sends it `stop_signal` if we die first.

    Call it from a thread that lives as long as the child should: the kernel watches that thread. `keep` are
    open file descriptors for the child to inherit.
    """
    with contextlib.ExitStack() as files:
        output = files.enter_context(log.open("wb")) if log else None
        process = subprocess.Popen(  # noqa: S603 — commands are ours
            [str(word) for word in command],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if log else None,
            pass_fds=tuple(keep),
            process_group=0,
            preexec_fn=_end_with_parent(stop_signal),  # noqa: PLW1509 — calls nothing that takes a lock
        )
    return Child(name, process, log, stop_signal)


def _end_with_parent(death_signal: signal.Signals) -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def arm() -> None:
        prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:  # died before the kernel knew whom to tell
            os._exit(1)

    return arm


@dataclass
class Stack:
    """Children of one `directory`, which holds their lock and their logs; a context manager."""

    directory: Path
    children: list[Child] = field(default_factory=list)
    _lock: int = -1

    @property
    def logs(self) -> Path:
        return self.directory / "logs"

    def __enter__(self) -> Self:
        self.logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.directory / "processes.lock"
        self._lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        if not _is_locked_in_time(self._lock):
            for holder in _processes_with(path):
                os.kill(holder, signal.SIGKILL)
            if not _is_locked_in_time(self._lock):
                os.close(self._lock)
                raise StartError(f"A process of an earlier start still uses {self.directory}.")
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        os.close(self._lock)

    def start(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> Child:
        """Start a child that runs until the stack stops; it logs to `logs/<name>.log`."""
        log = self.logs / f"{name}.log"
        child = spawn(name, command, env=env, log=log, stop_signal=stop_signal, keep=(self._lock,))
        self.children.append(child)
        return child

    def run(self, name: str, command: Sequence[str | Path], *, env: Mapping[str, str] | None = None) -> None:
        """Run a command to its end, its output among ours; raise StartError unless it succeeds."""
        child = spawn(name, command, env=env, keep=(self._lock,))
        try:
            status = child.process.wait()
        finally:
            child.stop()
        if status:
            raise StartError(f"{name} failed with status {status}; its lines above say why.")

    def ended(self) -> Child | None:
        """The first child that has ended by itself, if any."""
        return next((child for child in self.children if child.has_ended), None)

    def stop(self) -> None:
        """Stop the children, the last started first."""
        while self.children:
            self.children.pop().stop()


@contextlib.contextmanager
def scratch(parent: Path) -> Iterator[Path]:
    """A directory in `parent` for a while; what killed runs have left there goes too."""
    parent.mkdir(parents=True, exist_ok=True)
    for lock in parent.glob("*/processes.lock"):
        descriptor = os.open(lock, os.O_RDWR)
        if try_lock(descriptor):
            shutil.rmtree(lock.parent, ignore_errors=True)
        os.close(descriptor)
    directory = Path(tempfile.mkdtemp(dir=parent))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def try_lock(descriptor: int) -> bool:
    """Whether we now hold the exclusive lock of this open file; it ends with its last holder."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_locked_in_time(descriptor: int) -> bool:
    limit = time.monotonic() + _EARLIER_PROCESSES_SECONDS
    while not (locked := try_lock(descriptor)) and time.monotonic() < limit:
        time.sleep(0.05)
    return locked


def _processes_with(path: Path) -> set[int]:
    """The other processes that have the file at `path` open; none where the system has no /proc."""
    found = set()
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            if link.readlink() == path.resolve():
                found.add(int(link.parts[2]))
    return found - {os.getpid()}


def reserve_port(first: int = 0, *, candidates: int = 1) -> socket.socket:
    """Keep a TCP port of 127.0.0.1 from others until the answer is closed: the first free one (0: any)."""
    for port in range(first, first + candidates):
        with contextlib.suppress(OSError, OverflowError):
            return socket.create_server(("127.0.0.1", port))
    last = f" to {first + candidates - 1}" if candidates > 1 else ""
    raise StartError(f"TCP port {first}{last} of 127.0.0.1 is not free.")


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody uses now."""
    with reserve_port() as reserved:
        return port_of(reserved)


def port_of(reserved: socket.socket) -> int:
    port: int = reserved.getsockname()[1]
    return port
