"""A local EVM node and our test contracts, from npm packages, for tests and the demo; nothing for production.

The packages are locked in `tests/contracts/` and installed there into an ignored folder, the contracts compiled
into another; both are made once, and again only when their sources change.
"""

import fcntl
import hashlib
import json
import re
import shutil
import signal
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tpp.processes import Child, Stack, StartError, indented

CONTRACTS = Path(__file__).resolve().parent.parent / "tests" / "contracts"
_ANVIL = CONTRACTS / "node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil"
_COMPILED = CONTRACTS / "build/contracts.json"
_LISTENING = re.compile(r"Listening on 127\.0\.0\.1:(\d+)")
_READY_SECONDS = 30.0
_INSTALL_SECONDS = 240.0


@cache
def prepare() -> None:
    """Install the locked packages and compile the contracts, where that is not done; one set-up at a time."""
    with (CONTRACTS / "package-lock.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _once(
            "node_modules",
            ["package-lock.json"],
            ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        )
        if not _ANVIL.exists():
            raise StartError(
                "The EVM node (anvil) comes for Linux on 64-bit Intel or AMD only; this is another machine."
            )
        sources = sorted(path.name for path in CONTRACTS.glob("*.sol"))
        _once("build", ["package-lock.json", "compile.cjs", *sources], ["node", "compile.cjs"])


def _once(folder: str, sources: list[str], command: list[str]) -> None:
    """Run `command`, which makes `folder`, unless it did so from exactly these `sources`."""
    parts = [name.encode() + b"\0" + (CONTRACTS / name).read_bytes() for name in sources]
    state = hashlib.sha256(b"\0".join(parts)).hexdigest()
    stamp = CONTRACTS / folder / ".made-from"
    if stamp.is_file() and stamp.read_text() == state:
        return
    program = shutil.which(command[0])
    if program is None:
        raise StartError(f"{command[0]} is not here; on Debian or Ubuntu: apt-get install npm.")
    done = subprocess.run(  # noqa: S603 — the commands are those above
        [program, *command[1:]],
        cwd=CONTRACTS,
        capture_output=True,
        text=True,
        check=False,
        timeout=_INSTALL_SECONDS,
    )
    if done.returncode:
        words = indented(done.stderr or done.stdout, 15)
        raise StartError(f"{' '.join(command)} failed in {CONTRACTS.name}:\n{words}")
    stamp.write_text(state)


def compiled(name: str) -> dict[str, Any]:
    """`abi`, `bytecode` and `runtime` (0x…) of one of our test contracts."""
    contracts: dict[str, dict[str, Any]] = json.loads(_COMPILED.read_text())
    return contracts[name]


@dataclass
class EmbeddedNode:
    """An anvil on 127.0.0.1; `port` is known once it is started. All its state ends with it.

    Its ten accounts are unlocked. A block is made for each transaction, and `finalized` is `slots` * 2 blocks
    behind the newest.
    """

    chain_id: int = 31337
    slots: int = 1
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, stack: Stack, *arguments: str) -> Child:
        """Start it and return when it answers."""
        prepare()
        command: list[str | Path] = [_ANVIL, "--port", str(self.port), "--chain-id", str(self.chain_id)]
        command += ["--slots-in-an-epoch", str(self.slots), "--max-persisted-states", "0", *arguments]
        child = stack.start(
            f"anvil-{self.chain_id}-{len(stack.children)}", command, stop_signal=signal.SIGTERM
        )
        child.wait_until(lambda: _LISTENING.search(_text_of(child)) is not None, seconds=_READY_SECONDS)
        found = _LISTENING.search(_text_of(child))
        assert found is not None
        self.port = int(found[1])
        return child


def _text_of(child: Child) -> str:
    assert child.log is not None
    return child.log.read_text(errors="replace")
