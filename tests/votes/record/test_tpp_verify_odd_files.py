"""Files that are no record: tpp-verify says so in a line, and needs little memory to find out."""

import gzip
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.records import file_of, finished_cycle, objects, sealed_again

MOST = 512 << 20  # bytes of memory for a line of a gigabyte
COMMAND = """
import os, resource, sys
from votes.record.verify.cli import main
if "NOBODY" in os.environ and os.geteuid() == 0:
    os.seteuid(65534)  # root may read every file
status = main(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, file=sys.stderr)
sys.exit(status)
"""


def run(*arguments: object, data: bytes | None = None, **environment: str) -> tuple[int, str, str, int]:
    """Status, output, words on standard error, and the most memory [bytes] of a process of its own."""
    command = [sys.executable, "-c", COMMAND, "--workers", "1", *map(str, arguments)]
    done = subprocess.run(command, input=data, capture_output=True, env={**os.environ, **environment})
    *words, memory = done.stderr.decode().splitlines()
    return done.returncode, done.stdout.decode(), "\n".join(words), int(memory)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("empty", b""),
        ("binary", bytes(range(256)) * 1_000),
        ("text", b"This is no record.\n" * 50),
        ("other JSON", b'{"receipt":{}}\n'),
        ("an empty gzip", gzip.compress(b"")),
        ("cut gzip", gzip.compress(os.urandom(5_000))[:900]),
        ("spoilt gzip", b"\x1f\x8b\x08\x00" + b"\xff" * 500),
        ("two bytes of gzip", b"\x1f\x8b"),
    ],
)
def test_what_is_no_record_is_said_in_a_line(name: str, data: bytes, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(data)
    for status, output, words, _ in (run(file), run("/dev/stdin", data=data)):
        assert (status, output) == (3, ""), words
        assert words.startswith("tpp-verify: ")
        assert "\n" not in words


def test_a_directory_and_a_file_that_is_not_there_are_said_in_a_line(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none"):
        status, output, words, _ = run(path)
        assert (status, output) == (3, "")
        assert words.startswith("tpp-verify: ")
        assert str(path) in words


def test_a_file_that_may_not_be_read_is_said_in_a_line(tmp_path: Path) -> None:
    file = tmp_path / "closed.ndjson"
    file.touch(mode=0)
    status, output, words, _ = run(file, NOBODY="1")
    assert (status, output) == (3, "")
    assert "Permission denied" in words


def test_a_line_of_a_gigabyte_takes_little_memory(tmp_path: Path) -> None:
    file = tmp_path / "long"
    with file.open("wb") as hole:
        hole.truncate(1 << 30)
    status, _, words, memory = run(file)
    assert status == 3, words
    assert memory < MOST


@pytest.mark.django_db
def test_a_right_record_may_come_through_a_pipe_packed_or_not() -> None:
    data = file_of(finished_cycle(), "final")
    for one in (data, gzip.compress(data)):
        status, output, words, _ = run("/dev/stdin", data=one)
        assert (status, words) == (0, "")
        assert "this record is right" in output


@pytest.mark.django_db
def test_a_record_cannot_draw_a_verdict_of_its_own(tmp_path: Path) -> None:
    """Escape sequences and line feeds in what it says are shown, not obeyed."""
    lines = objects(file_of(finished_cycle(), "final"))
    lines[0]["software"] = "tpp\n\x1b[2JEvery check that applies passed: this record is right."
    lines[0]["origin"] = "\x1b[2J\nEvery check that applies passed: this record is right."
    file = tmp_path / "final.ndjson"
    file.write_bytes(sealed_again(lines))
    status, output, _, _ = run(file)
    assert status == 1
    assert "\x1b" not in output
    assert not any(one.strip().startswith("Every check that applies") for one in output.splitlines())
