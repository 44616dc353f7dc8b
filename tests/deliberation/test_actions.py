"""What is said is kept as it was said, under its hash; rows are appended, words can be erased."""

import hashlib

import psycopg
import pytest
from django.db import DatabaseError, connection

from deliberation.actions import LONGEST_POST, open_thread, publish_post
from deliberation.models import Post, PostText, Thread
from journal.clock import database_clock
from journal.refusal import Refusal
from tests.factories import wallet

pytestmark = pytest.mark.django_db


@pytest.fixture
def thread() -> Thread:
    return open_thread(title="Ignite", address="/programmes/ignite/", at=database_clock())


def publish(thread: Thread, text: str) -> Post:
    return publish_post(thread=thread, author=wallet("alice"), text=text, at=database_clock())


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("Hello.", "Hello."),
        ("  one\r\ntwo  \n\n", "one\ntwo"),
        ("nul\x00 bytes\x00", "nul bytes"),
        ("Cafe\u0301", "Café"),
        ("<b>Markup</b> stays text", "<b>Markup</b> stays text"),
        ("👩‍🚀", "👩‍🚀"),
        ("x" * LONGEST_POST, "x" * LONGEST_POST),
    ],
    ids=["plain", "CRLF", "NUL", "NFC", "markup", "emoji", "longest"],
)
def test_words_are_kept_in_one_form_under_their_hash(thread: Thread, sent: str, kept: str) -> None:
    post = publish(thread, sent)
    assert post.words == kept
    assert bytes(Post.objects.get().text_sha256) == hashlib.sha256(kept.encode()).digest()


@pytest.mark.parametrize("text", ["", " ", "\n\t\r\n", "\x00", "\u200b\u2060", "\u00a0"])
def test_a_post_without_words_is_refused(thread: Thread, text: str) -> None:
    with pytest.raises(Refusal, match="empty"):
        publish(thread, text)
    assert not Post.objects.exists()


def test_a_post_that_is_too_long_is_refused_with_its_length(thread: Thread) -> None:
    with pytest.raises(Refusal) as refused:
        publish(thread, "x" * (LONGEST_POST + 1))
    assert refused.value.name == "too_long"
    assert "20000 characters; this has 20001" in refused.value.words
    assert not Post.objects.exists()


def test_posts_are_read_in_the_order_in_which_they_were_written(thread: Thread) -> None:
    posts = [publish(thread, str(number)) for number in range(3)]
    assert list(Post.objects.filter(thread=thread).readable()) == posts


def test_a_thread_has_a_parent_and_a_post_its_permanent_address(thread: Thread) -> None:
    child = open_thread(title="Lending", address="/x/", at=database_clock(), parent=thread)
    assert list(thread.children.all()) == [child]
    post = publish(child, "Hello.")
    assert post.get_absolute_url() == f"/x/#post-{post.pk}"


def test_words_can_be_erased_and_the_post_stays(thread: Thread) -> None:
    post = publish(thread, "What the law forbids.")
    PostText.objects.filter(post=post).delete()
    found = Post.objects.readable().get()
    assert (found, found.words) == (post, None)
    assert bytes(found.text_sha256) == hashlib.sha256(b"What the law forbids.").digest()


def test_words_never_become_others(thread: Thread) -> None:
    post = publish(thread, "Yes.")
    with pytest.raises(DatabaseError, match="not those of the post"):
        PostText.objects.filter(post=post).update(text="No.")


def test_erased_words_come_back_only_as_they_were(thread: Thread) -> None:
    post = publish(thread, "Yes.")
    PostText.objects.filter(post=post).delete()
    PostText.objects.create(post=post, text="Yes.")
    PostText.objects.filter(post=post).delete()
    with pytest.raises(DatabaseError, match="not those of the post"):
        PostText.objects.create(post=post, text="No.")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE deliberation_post SET posted_at = now()",
        "DELETE FROM deliberation_post",
        "TRUNCATE deliberation_post CASCADE",
        "TRUNCATE deliberation_posttext",
    ],
)
def test_the_application_has_no_right_to_change_posts(thread: Thread, statement: str) -> None:
    publish(thread, "Hello.")
    with pytest.raises(DatabaseError) as refused, connection.cursor() as cursor:
        cursor.execute(statement)
    assert isinstance(refused.value.__cause__, psycopg.errors.InsufficientPrivilege)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE deliberation_post SET author_id = author_id",
        "DELETE FROM deliberation_post",
        "TRUNCATE deliberation_post CASCADE",
    ],
)
def test_the_owner_is_refused_by_the_table_itself(
    thread: Thread, superuser: psycopg.Connection, statement: str
) -> None:
    publish(thread, "Hello.")
    superuser.execute("SET ROLE tpp_owner")
    with pytest.raises(psycopg.Error) as refused:
        superuser.execute(statement)
    assert refused.value.sqlstate == "TP100"
