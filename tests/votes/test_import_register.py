"""`manage.py import_register`: a file becomes a published register, or nothing happens."""

import io
import time
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Wallet
from journal.clock import database_clock
from journal.models import AuditEntry
from power.models import Register, RegisterEntry
from power.registers import Entry, canonical_hash
from tests.factories import HOUR, make_community, make_cycle
from votes.models import Cycle

pytestmark = pytest.mark.django_db

A, B = "0x" + "a1" * 20, "0x" + "b2" * 20
GOOD = f"address,power,name\n{A},10,Ada\n{B},{2**200},\n"


def run(path: Path, *options: str) -> str:
    output = io.StringIO()
    call_command("import_register", str(path), *options, stdout=output)
    return output.getvalue()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "delegates.csv"
    path.write_text(GOOD)
    return path


def test_a_file_becomes_a_register_with_its_hash(file: Path) -> None:
    said = run(file)
    register = Register.objects.get()
    assert (register.name, register.entry_count, register.total_power) == ("delegates", 2, 10 + 2**200)
    assert bytes(register.sha256) == canonical_hash([Entry(A, 10, ""), Entry(B, 2**200, "")])
    assert said == (
        f"Published delegates: 2 addresses, {10 + 2**200} base units, sha256 {bytes(register.sha256).hex()}\n"
    )
    assert dict(register.entries.values_list("address", "power")) == {A: 10, B: 2**200}


def test_it_can_be_given_a_name(file: Path) -> None:
    run(file, "--name", "Delegated power, November")
    assert Register.objects.get().name == "Delegated power, November"


@pytest.mark.parametrize("name", ["x" * 81, "x" * 300])
def test_a_name_that_is_too_long_is_refused_in_words(file: Path, name: str) -> None:
    with pytest.raises(CommandError, match="1 to 80 characters"):
        run(file, "--name", name)
    assert not Register.objects.exists()


def test_names_go_to_wallets_that_have_none(file: Path) -> None:
    at = database_clock()
    Wallet.objects.create(address=A, name="", bio="Was here before.", joined_at=at)
    run(file)
    assert list(Wallet.objects.values_list("address", "name", "bio")) == [(A, "Ada", "Was here before.")]


def test_a_name_that_a_wallet_has_is_kept(file: Path) -> None:
    Wallet.objects.create(address=A, name="Countess", joined_at=database_clock())
    run(file)
    assert Wallet.objects.get().name == "Countess"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (GOOD.encode() + f"{A},1,\n".encode(), f"Line 4: {A} stands here twice. Nothing was imported."),
        (GOOD.encode() + b"\xff\n", "Line 4: it is not UTF-8 text. Nothing was imported."),
        (b"", "Line 1: the column address is missing"),
        (b"\x00\x00", "Line 1: the column address is missing"),
    ],
)
def test_a_bad_file_is_refused_with_its_line_and_nothing_is_imported(
    file: Path, data: bytes, words: str
) -> None:
    file.write_bytes(data)
    with pytest.raises(CommandError) as refused:
        run(file)
    assert str(refused.value).startswith(words)
    assert not Register.objects.exists()
    assert not RegisterEntry.objects.exists()
    assert not Wallet.objects.exists()


def test_a_file_that_cannot_be_read_is_refused_in_words(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.csv", tmp_path):
        with pytest.raises(CommandError, match="could not be read"):
            run(path)


def test_the_same_powers_are_published_once_whatever_they_are_called(file: Path) -> None:
    run(file)
    file.write_text(f"power,name,address\n{2**200},Bo,{B}\n10,,{A}\n")
    with pytest.raises(CommandError, match="published already; nothing was changed"):
        run(file, "--name", "Another name")
    assert Register.objects.get().name == "delegates"
    assert not Wallet.objects.filter(address=B).exists()


def test_other_powers_follow_as_another_register(file: Path) -> None:
    run(file)
    file.write_text(GOOD.replace(",10,", ",11,"))
    run(file)
    assert list(Register.objects.order_by("pk").values_list("total_power", flat=True)) == [
        10 + 2**200,
        11 + 2**200,
    ]


def test_what_is_due_is_frozen_before_the_newer_register_counts(file: Path) -> None:
    community = make_community()
    due = make_cycle(community, opens_in=2 * HOUR, announced=False)  # due an hour ago; no job has run
    later = make_cycle(community, opens_in=100 * HOUR, announced=False)
    old = community.meta.register
    run(file)
    community.meta.refresh_from_db()
    assert community.meta.register.name == "delegates"
    assert Cycle.objects.get(pk=due.pk).announcement.rules.power.sha256 == bytes(old.sha256).hex()
    assert not hasattr(Cycle.objects.get(pk=later.pk), "announcement")
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.verb, old.name in entry.before) == ("the operator", "publish_register", True)


def test_many_lines_take_seconds(file: Path) -> None:
    lines = "".join(f"0x{number:040x},{number + 1},H{number}\n" for number in range(100_001))
    file.write_text(f"address,power,name\n{lines}")
    start = time.monotonic()
    run(file)
    assert time.monotonic() - start < 60
    register = Register.objects.get()
    assert (register.entry_count, register.entries.count()) == (100_001, 100_001)
    assert Wallet.objects.count() == 100_001
