"""Posting. Reading happens on the page that a thread is about."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from accounts.models import Wallet
from deliberation.actions import publish_post
from deliberation.models import Post, Thread
from journal.clock import database_clock
from journal.refusal import Refusal


@require_POST
def post(request: HttpRequest, thread_id: int) -> HttpResponse:
    """Publish what was written, then show it in its place; what can't be published is kept in the form."""
    thread = get_object_or_404(Thread, pk=thread_id)
    text = request.POST.get("text", "")
    if not isinstance(request.user, Wallet):
        words = "Sign in with your wallet to post. What you wrote is kept below."
        return render(
            request, "deliberation/kept.html", {"thread": thread, "text": text, "words": words}, status=403
        )
    try:
        published = publish_post(thread=thread, author=request.user, text=text, at=database_clock())
    except Refusal as refusal:
        page = {"thread": thread, "text": text, "words": refusal.words}
        return render(request, "deliberation/kept.html", page, status=refusal.status)
    messages.success(request, "Your post is public.")
    return redirect(published.get_absolute_url())


def newest(request: HttpRequest) -> HttpResponse:
    """The forum's front: what was said last, wherever it was said."""
    posts = Post.objects.readable().order_by("-posted_at", "-id")[:50]
    return render(request, "deliberation/newest.html", {"posts": posts})
