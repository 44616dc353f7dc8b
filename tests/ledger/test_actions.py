"""Value moves once per key, between accounts of one token, never below a floor; the books always balance."""

from collections.abc import Callable
from datetime import UTC, datetime

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from journal.refusal import Refusal
from ledger.actions import open_account, transfer
from ledger.models import Account, Token, Transfer
from tests.races import at_once

pytestmark = pytest.mark.django_db

AT = datetime(2026, 11, 2, 18, tzinfo=UTC)
CAP = 1000


def make_token(symbol: str = "TST") -> Token:
    address = "0x" + symbol.encode().hex().rjust(40, "0")
    return Token.objects.create(chain_id=1, address=address, symbol=symbol, name=symbol, decimals=18)


@pytest.fixture
def token() -> Token:
    return make_token()


@pytest.fixture
def source(token: Token) -> Account:
    """It may give CAP in all."""
    return open_account(token=token, name="source", floor=-CAP)


@pytest.fixture
def vault(token: Token) -> Account:
    return open_account(token=token, name="vault")


def move(debit: Account, credit: Account, amount: int, key: str = "k") -> Transfer | None:
    return transfer(debit=debit, credit=credit, amount=amount, reason="Because.", key=key, at=AT)


def balances(*accounts: Account) -> list[int]:
    return [Account.objects.get(pk=account.pk).balance for account in accounts]


def test_an_account_opens_empty_and_once(token: Token) -> None:
    first = open_account(token=token, name="cycle/1")
    assert (first.balance, first.floor) == (0, 0)
    assert open_account(token=token, name="cycle/1") == first
    assert open_account(token=make_token("OTHER"), name="cycle/1") != first


def test_an_account_that_is_not_empty_cannot_be_opened(token: Token) -> None:
    with pytest.raises(DatabaseError, match="balances move by transfers only"):
        Account.objects.create(token=token, name="a", balance=1)


def test_a_transfer_moves_both_balances(source: Account, vault: Account) -> None:
    row = move(source, vault, 300)
    assert balances(source, vault) == [-300, 300]
    assert row
    assert (row.debit, row.credit, row.amount, row.happened_at) == (source, vault, 300, AT)


def test_the_same_transfer_twice_moves_value_once(source: Account, vault: Account) -> None:
    assert move(source, vault, 300) == move(source, vault, 300)
    assert balances(source, vault) == [-300, 300]
    assert Transfer.objects.count() == 1


def test_a_key_that_moved_something_else_is_refused(source: Account, vault: Account) -> None:
    move(source, vault, 300)
    for debit, credit, amount in ((source, vault, 301), (vault, source, 300)):
        with pytest.raises(Refusal, match="key_taken"):
            move(debit, credit, amount)
    assert balances(source, vault) == [-300, 300]


def test_nothing_to_move_moves_nothing(source: Account, vault: Account) -> None:
    assert move(source, vault, 0) is None
    assert not Transfer.objects.exists()


def test_an_account_gives_what_it_has_and_no_more(source: Account, vault: Account, token: Token) -> None:
    other = open_account(token=token, name="other")
    move(source, vault, 300, "1")
    with pytest.raises(Refusal) as refused:
        move(vault, other, 301, "2")
    assert (refused.value.name, refused.value.words) == ("not_enough", "vault does not hold 301 base units.")
    assert balances(source, vault, other) == [-300, 300, 0]
    assert Transfer.objects.count() == 1
    assert move(vault, other, 300, "2")
    assert balances(vault, other) == [0, 300]


def test_the_source_gives_up_to_its_cap(source: Account, vault: Account) -> None:
    move(source, vault, CAP, "1")
    with pytest.raises(Refusal, match="not_enough"):
        move(source, vault, 1, "2")
    assert balances(source, vault) == [-CAP, CAP]


def test_a_refused_transfer_leaves_the_rest_of_a_transaction_alone(source: Account, vault: Account) -> None:
    with transaction.atomic():
        move(source, vault, 10, "1")
        with pytest.raises(Refusal):
            move(source, vault, CAP, "2")
        move(source, vault, 5, "3")
    assert balances(source, vault) == [-15, 15]


def test_the_largest_amount_moves_exactly(token: Token, vault: Account) -> None:
    outside = open_account(token=token, name="outside", floor=-(2**256))
    move(outside, vault, 2**256 - 1)
    assert balances(outside, vault) == [1 - 2**256, 2**256 - 1]


def test_value_of_one_token_never_becomes_value_of_another(source: Account) -> None:
    foreign = open_account(token=make_token("OTHER"), name="vault")
    with pytest.raises(DatabaseError, match="transfer_stays_in_one_token"):
        move(source, foreign, 1)


@pytest.mark.parametrize("amount", [-1, -(2**200)])
def test_a_transfer_never_runs_backwards(source: Account, vault: Account, amount: int) -> None:
    with pytest.raises(IntegrityError, match="transfer_amount_is_positive"):
        move(source, vault, amount)


def test_a_transfer_goes_between_two_accounts(source: Account) -> None:
    with pytest.raises(IntegrityError, match="transfer_goes_between_two_accounts"):
        move(source, source, 1)


def test_a_token_and_an_account_name_exist_once(token: Token, vault: Account) -> None:
    with pytest.raises(IntegrityError, match="one_row_per_token"), transaction.atomic():
        Token.objects.create(chain_id=1, address=token.address, symbol="T", name="T", decimals=0)
    with pytest.raises(IntegrityError, match="one_account_per_name_and_token"):
        Account.objects.create(token=token, name=vault.name)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_account SET balance = 1",
        "UPDATE ledger_account SET balance = balance",
        "UPDATE ledger_account SET floor = -1000000",
        "UPDATE ledger_account SET token_id = token_id",
        "UPDATE ledger_transfer SET amount = 1",
        "DELETE FROM ledger_transfer",
        "TRUNCATE ledger_transfer",
        "TRUNCATE ledger_account CASCADE",
        "ALTER TABLE ledger_account DISABLE TRIGGER ALL",
    ],
)
@pytest.mark.usefixtures("vault")
def test_the_application_has_no_right_to_rewrite_the_books(statement: str) -> None:
    with pytest.raises(DatabaseError) as refused, connection.cursor() as cursor:
        cursor.execute(statement)
    assert isinstance(refused.value.__cause__, psycopg.errors.InsufficientPrivilege)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("statement", "sqlstate"),
    [
        ("UPDATE ledger_account SET balance = 1000", "TP111"),
        ("INSERT INTO ledger_account (token_id, name, balance, floor)"
         " SELECT token_id, 'new', 1, 0 FROM ledger_account LIMIT 1", "TP111"),
        ("UPDATE ledger_transfer SET amount = 1", "TP100"),
        ("DELETE FROM ledger_transfer", "TP100"),
        ("TRUNCATE ledger_transfer", "TP100"),
    ],
)  # fmt: skip
def test_the_owner_is_refused_by_the_tables_themselves(
    source: Account, vault: Account, superuser: psycopg.Connection, statement: str, sqlstate: str
) -> None:
    move(source, vault, 5)
    superuser.execute("SET ROLE tpp_owner")
    with pytest.raises(psycopg.Error) as refused:
        superuser.execute(statement)
    assert refused.value.sqlstate == sqlstate


def test_an_account_that_moved_value_cannot_be_removed(source: Account, vault: Account) -> None:
    move(source, vault, 5)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM ledger_account")
    with pytest.raises(IntegrityError, match="ledger_transfer"):
        connection.check_constraints()


moves = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 400), st.integers(0, 12)), max_size=25
)


@settings(
    deadline=None,
    database=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(tried=moves)
def test_the_books_balance_whatever_is_tried(db: None, tried: list[tuple[int, int, int, int]]) -> None:
    """Six accounts of two tokens; each move names debit, credit, amount and key, and may be refused."""
    with transaction.atomic():
        accounts = [
            open_account(token=token, name=name, floor=floor)
            for token in (make_token("AAA"), make_token("BBB"))
            for name, floor in (("source", -CAP), ("vault", 0), ("typology", 0))
        ]
        for debit, credit, amount, key in tried:
            try:
                with transaction.atomic():
                    move(accounts[debit], accounts[credit], amount, f"key {key}")
            except (Refusal, DatabaseError):
                continue
        for account in Account.objects.annotate(got=Sum("credits__amount")):
            gave = account.debits.aggregate(sum=Sum("amount"))["sum"] or 0
            assert account.balance == int(account.got or 0) - int(gave) >= account.floor
        for token in Token.objects.all():
            assert token.accounts.aggregate(sum=Sum("balance"))["sum"] == 0
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
def test_transfers_in_opposite_directions_do_not_block_each_other_for_ever(
    token: Token, source: Account
) -> None:
    left, right = (open_account(token=token, name=name) for name in ("left", "right"))
    move(source, left, 500, "left")
    move(source, right, 500, "right")

    def many(debit: Account, credit: Account, worker: int) -> Callable[[], None]:
        def run() -> None:
            for number in range(40):
                move(debit, credit, 1, f"{worker}/{number}")

        return run

    at_once(many(left, right, 1), many(right, left, 2), many(left, right, 3), many(right, left, 4))
    assert balances(source, left, right) == [-CAP, 500, 500]
    assert Transfer.objects.count() == 2 + 160


@pytest.mark.django_db(transaction=True)
def test_one_key_in_many_hands_moves_value_once(source: Account, vault: Account) -> None:
    rows = at_once(*[lambda: move(source, vault, 7, "the key")] * 6)
    assert len({row.pk for row in rows if row}) == 1
    assert balances(source, vault) == [-7, 7]
    assert Transfer.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_last_coin_is_given_once(source: Account, vault: Account, token: Token) -> None:
    move(source, vault, 1, "coin")
    takers = [open_account(token=token, name=f"taker {number}") for number in range(5)]

    def take(taker: Account) -> Callable[[], str]:
        def run() -> str:
            try:
                move(vault, taker, 1, taker.name)
            except Refusal as refusal:
                return refusal.name
            return "taken"

        return run

    assert sorted(at_once(*(take(taker) for taker in takers))) == ["not_enough"] * 4 + ["taken"]
    assert sorted(balances(vault, *takers)) == [0, 0, 0, 0, 0, 1]
