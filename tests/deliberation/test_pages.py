"""Talking on pages: posting needs a wallet, nothing typed is lost, and what is said is shown as text."""

import logging
import re
from collections.abc import Iterator

import pytest
from django.test import Client

from deliberation.actions import LONGEST_POST, publish_post
from deliberation.models import Post, PostText, Thread
from journal.clock import database_clock
from tests.accounts.visitors import Visitor
from tests.factories import HOUR, Community, a_moment_after, make_community, make_cycle, signed, wallet
from votes.actions.ballots import cast_ballot
from votes.actions.closing import close_cycle, publish_result

pytestmark = pytest.mark.django_db

EVIL = "<script>alert(1)</script><img src=x onerror=alert(1)> \"'&"
ESCAPED = "&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt; &quot;&#x27;&amp;"


@pytest.fixture
def community() -> Community:
    return make_community()


@pytest.fixture
def thread(community: Community) -> Thread:
    return community.ignite.thread


@pytest.fixture
def alice(client: Client) -> Client:
    client.force_login(wallet("alice"))
    return client


def path_of(thread: Thread) -> str:
    return f"/threads/{thread.pk}/posts/"


def test_a_post_is_public_at_once_in_its_place(alice: Client, thread: Thread) -> None:
    answer = alice.post(path_of(thread), {"text": "Fund lending."})
    post = Post.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/programmes/ignite/#post-{post.pk}")
    shown = alice.get(answer["Location"]).content.decode()
    assert f'id="post-{post.pk}"' in shown
    assert "Fund lending." in shown
    assert "Your post is public." in shown
    stranger = Client().get("/programmes/ignite/").content.decode()
    assert "Fund lending." in stranger
    assert "Alice" in stranger


def test_posting_needs_a_wallet_and_what_was_typed_is_kept(client: Client, thread: Thread) -> None:
    answer = client.post(path_of(thread), {"text": f"Fund lending. {EVIL}"})
    assert answer.status_code == 403
    shown = answer.content.decode()
    assert "Sign in with your wallet to post" in shown
    assert f"Fund lending. {ESCAPED}</textarea>" in shown
    assert not Post.objects.exists()


def test_a_post_needs_the_token_of_our_own_page(thread: Thread) -> None:
    visitor = Visitor("alice")
    visitor.sign_in()
    answer = visitor.client.post(path_of(thread), {"text": "Fund lending."})
    assert answer.status_code == 403
    assert "This page was open for too long" in answer.content.decode()
    assert not Post.objects.exists()
    page = visitor.client.get("/programmes/ignite/").content.decode()
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert found
    sent = {"text": "Fund lending.", "csrfmiddlewaretoken": found[1]}
    assert visitor.client.post(path_of(thread), sent).status_code == 302


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "There is nothing to post yet."),
        (" \r\n ", "There is nothing to post yet."),
        ("\x00", "There is nothing to post yet."),
        ("x" * (LONGEST_POST + 1), "this has 20001. Split it."),
        (EVIL * 400, "Split it."),
    ],
    ids=["empty", "blank", "NUL", "too long", "too long and evil"],
)
def test_what_cannot_be_posted_is_kept_in_the_form(
    alice: Client, thread: Thread, text: str, words: str
) -> None:
    answer = alice.post(path_of(thread), {"text": text})
    assert answer.status_code == 400
    shown = answer.content.decode()
    assert words in shown
    assert "<script>alert" not in shown
    if len(text) > 10:
        assert (ESCAPED if "script" in text else text[:1000]) in shown
    assert not Post.objects.exists()


def test_a_request_without_text_is_refused_in_words(alice: Client, thread: Thread) -> None:
    for body in ({}, {"other": "x"}):
        assert alice.post(path_of(thread), body).status_code == 400
    answer = alice.post(path_of(thread), b"\xff\x00text", content_type="application/octet-stream")
    assert answer.status_code == 400


def test_bytes_that_are_no_text_become_replacement_characters(alice: Client, thread: Thread) -> None:
    form = "application/x-www-form-urlencoded"
    assert alice.post(path_of(thread), "text=a%FF%00b%ED%A0%80", content_type=form).status_code == 302
    assert (Post.objects.get().words or "").startswith("a\ufffdb\ufffd")


def test_a_body_of_megabytes_is_refused_quietly(
    alice: Client, thread: Thread, caplog: pytest.LogCaptureFixture
) -> None:
    form = "application/x-www-form-urlencoded"
    answer = alice.post(path_of(thread), "text=" + "x" * 3_000_000, content_type=form)
    assert answer.status_code == 400
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


@pytest.mark.parametrize("thread_id", ["999999999", "99999999999999999999999"])
@pytest.mark.usefixtures("community")
def test_a_thread_that_is_not_there_is_answered_404(alice: Client, thread_id: str) -> None:
    assert alice.post(f"/threads/{thread_id}/posts/", {"text": "Hello."}).status_code == 404


def test_a_link_posts_nothing(alice: Client, thread: Thread) -> None:
    assert alice.get(path_of(thread), {"text": "Hello."}).status_code == 405
    assert not Post.objects.exists()


def settled_pages(community: Community) -> dict[str, Thread]:
    """Every page that shows a thread, with that thread."""
    cycle = make_cycle(community)
    cast_ballot(number=cycle.number, submission=signed("alice", cycle), at=database_clock())
    closed = a_moment_after(cycle.closes_at)
    assert close_cycle(cycle_id=cycle.pk, at=closed)
    assert publish_result(cycle_id=cycle.pk, at=closed)
    lending = community.ignite.typologies.get(slug="lending")
    return {
        "/programmes/ignite/": community.ignite.thread,
        "/programmes/ignite/lending/": lending.thread,
        "/cycles/1/": cycle.thread,
        "/cycles/1/result/": cycle.thread,
    }


def test_what_is_said_is_shown_as_text_on_every_page(client: Client, community: Community) -> None:
    pages = settled_pages(community)
    for thread in set(pages.values()):
        publish_post(thread=thread, author=wallet("alice"), text=EVIL, at=database_clock())
    for path in ("/", "/forum/", *pages):
        shown = client.get(path).content.decode()
        assert ESCAPED in shown, path
        assert "<script>alert" not in shown, path
        assert "<img" not in shown, path


def test_a_post_leads_to_its_anchor_from_everywhere(client: Client, community: Community) -> None:
    for path, thread in settled_pages(community).items():
        post = publish_post(thread=thread, author=wallet("alice"), text="Hello.", at=database_clock())
        shown = client.get(path).content.decode()
        assert shown.count(f'id="post-{post.pk}"') == 1
        assert f'href="{post.get_absolute_url()}"' in client.get("/forum/").content.decode()
        assert f'id="post-{post.pk}"' in client.get(post.get_absolute_url()).content.decode()


def test_the_forum_shows_what_was_said_last_first(client: Client, thread: Thread) -> None:
    at = database_clock()
    for number in range(60):
        publish_post(thread=thread, author=wallet("alice"), text=f"Post {number:02}.", at=at + number * HOUR)
    shown = re.findall(r"Post (\d\d)\.", client.get("/forum/").content.decode())
    assert shown == [f"{number:02}" for number in range(59, 9, -1)]


def test_empty_threads_say_so(client: Client, community: Community) -> None:
    assert "Nobody has said anything here yet." in client.get("/programmes/ignite/").content.decode()
    assert "Nobody has said anything yet." in client.get("/forum/").content.decode()


def test_a_page_with_erased_words_can_be_read(client: Client, community: Community) -> None:
    for path, shown in pages_with_erased_words(client, community):
        assert "Forbidden." not in shown, path


def test_erased_words_are_said_to_be_erased(client: Client, community: Community) -> None:
    for path, shown in pages_with_erased_words(client, community):
        assert "The words of this post were erased." in shown, path


def pages_with_erased_words(client: Client, community: Community) -> Iterator[tuple[str, str]]:
    pages = settled_pages(community)
    for thread in set(pages.values()):
        post = publish_post(thread=thread, author=wallet("alice"), text="Forbidden.", at=database_clock())
        PostText.objects.filter(post=post).delete()
    for path in ("/", "/forum/", *pages):
        answer = client.get(path)
        assert answer.status_code == 200, path
        yield path, answer.content.decode()
