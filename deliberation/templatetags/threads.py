"""A thread on the page that it is about."""

from typing import Any

from django import template

from deliberation.models import Post, Thread

register = template.Library()


@register.inclusion_tag("deliberation/thread.html", takes_context=True)
def thread(context: dict[str, Any], thread: Thread) -> dict[str, Any]:
    """`{% thread object.thread %}`: every post, and the form to write one."""
    posts = list(Post.objects.filter(thread=thread).readable())
    return {"thread": thread, "posts": posts, "request": context.get("request"), "now": context["now"]}
