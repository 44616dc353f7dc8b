"""What is new since the reader's last ballot, on the ballot page."""

from datetime import datetime
from typing import Any

from django import template

from accounts.models import Wallet
from votes.models import Cycle
from votes.whats_new import read_news

register = template.Library()


@register.inclusion_tag("votes/whats_new.html")
def whats_new(cycle: Cycle, visitor: object, at: datetime) -> dict[str, Any]:
    """`{% whats_new cycle user now %}`"""
    voter = visitor.address if isinstance(visitor, Wallet) else None
    return {"news": read_news(cycle, voter=voter, at=at), "visitor": voter, "now": at}
