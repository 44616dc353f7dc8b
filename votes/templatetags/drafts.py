"""That a draft was not sent, at the top of every page."""

from datetime import datetime
from typing import Any

from django import template

from accounts.models import Wallet
from votes.models import Draft

register = template.Library()


@register.inclusion_tag("votes/not_sent.html")
def not_sent(visitor: object, at: datetime | None) -> dict[str, Any]:
    """`{% not_sent user now %}`: the visitor's own unsigned draft, by one query, for nobody else and never kept.

    Without one the banner is there and hidden: the page's script shows it for a draft that only this browser has.
    """
    draft = None
    if isinstance(visitor, Wallet) and at is not None:
        drafts = Draft.objects.of(visitor).not_sent(at).select_related("cycle").defer("content")
        draft = drafts.order_by("cycle__closes_at").first()
    return {"draft": draft, "now": at}
