"""Reading threads and posts: everything that is said."""

from django.db.models import Q
from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from deliberation.models import Post, Thread
from journal.reading import BY_NUMBER, HexField, InstantField, choice, chosen, listed, page, page_of, reads

ORDERS = ["oldest", "newest"]
ORDER = choice("order", ORDERS, "Which comes first.")


class ThreadSerializer(serializers.Serializer[Thread]):
    """A conversation and the page that it is about."""

    id = serializers.IntegerField()
    parent = serializers.IntegerField(source="parent_id", allow_null=True)  # type: ignore[assignment]
    title = serializers.CharField()
    address = serializers.CharField(help_text="path of the page that it is about")
    opened_at = InstantField()


class PostSerializer(serializers.Serializer[Post]):
    """One thing said; it is never edited."""

    id = serializers.IntegerField()
    thread = serializers.IntegerField(source="thread_id")
    author = serializers.CharField(source="author_id", help_text="address")
    author_name = serializers.CharField(source="author.name", help_text="blank where there is none")
    posted_at = InstantField()
    text_sha256 = HexField(help_text="SHA-256 of the words in UTF-8")
    words = serializers.CharField(allow_null=True, help_text="null where they were erased")


_THREADS = page_of("ThreadPage", ThreadSerializer, rows="threads")
_POSTS = page_of("PostPage", PostSerializer, rows="posts")


@reads(_THREADS, tag="deliberation", parameters=[*BY_NUMBER, ORDER])
def list_threads(request: Request) -> Response:
    """All threads."""
    down = chosen(request, "order", ORDERS) == "newest"
    return listed("threads", ThreadSerializer, page(Thread.objects.all(), request, down=down))


@reads(ThreadSerializer, tag="deliberation")
def read_thread(request: Request, thread_id: int) -> Response:
    """One thread; its posts stand under `posts/`."""
    return Response(ThreadSerializer(_thread(thread_id)).data)


@reads(_POSTS, tag="deliberation", parameters=[*BY_NUMBER, ORDER])
def list_thread_posts(request: Request, thread_id: int) -> Response:
    """What is said in one thread."""
    return _posts(request, Q(thread=_thread(thread_id)))


@reads(_POSTS, tag="deliberation", parameters=[*BY_NUMBER, ORDER])
def list_posts(request: Request) -> Response:
    """What is said anywhere."""
    return _posts(request, Q())


def _posts(request: Request, which: Q) -> Response:
    down = chosen(request, "order", ORDERS) == "newest"
    posts = Post.objects.filter(which).select_related("author", "text")
    return listed("posts", PostSerializer, page(posts, request, down=down))


def _thread(thread_id: int) -> Thread:
    thread = Thread.objects.filter(pk=thread_id).first()
    if thread is None:
        raise Http404
    return thread
