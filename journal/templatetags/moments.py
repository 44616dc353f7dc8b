"""Instants for eyes: UTC in the text, the reader's own time filled in by the page's script."""

from datetime import UTC, datetime
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag(takes_context=True)
def moment(context: dict[str, Any], at: datetime, own: str = "") -> SafeString:
    """`{% moment at %}`: Wed 25 Nov 18:00 UTC; seconds where they are not zero, the year where it is far.

    The reader's own time shows on hover, or with `{% moment at "own" %}` beside it.
    """
    utc = at.astimezone(UTC)
    clock = "%H:%M" if utc.second == 0 else "%H:%M:%S"
    year = "" if abs((context["now"] - utc).days) < 300 else " %Y"
    return format_html(
        '<time datetime="{}"{}>{} UTC</time>',
        utc.isoformat(),
        SafeString(" data-own") if own else "",
        utc.strftime(f"%a {utc.day} %b{year} {clock}"),
    )


@register.simple_tag
def countdown(at: datetime, now: datetime) -> SafeString:
    """`{% countdown at now %}`: 2 d 04:12 until `at`; the page's script keeps it going by the server's clock."""
    return format_html(
        '<span class="nowrap" data-countdown="{}">{}</span>', at.isoformat(), time_left(at, now)
    )


def time_left(at: datetime, now: datetime) -> str:
    """The time from `now` to `at`, in days, hours and minutes, or minutes and seconds below an hour.

    >>> time_left(datetime(2026, 11, 25, 18, tzinfo=UTC), datetime(2026, 11, 23, 13, 48, tzinfo=UTC))
    '2 d 04:12'
    """
    seconds = max(0, int((at - now).total_seconds()))
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, seconds = divmod(rest, 60)
    if days:
        return f"{days} d {hours:02d}:{minutes:02d}"
    return f"{hours}:{minutes:02d} h" if hours else f"{minutes}:{seconds:02d} min"


@register.simple_tag
def track(start: datetime, end: datetime, now: datetime) -> SafeString:
    """`{% track opens closes now %}`: how much of a phase has passed, as a thin bar."""
    done = min(1000, max(0, int((now - start) / (end - start) * 1000)))
    return format_html(
        '<svg class="track" aria-hidden="true" data-start="{}" data-end="{}">'
        '<rect class="all" width="100%" height="100%"/>'
        '<rect class="past" width="{}%" height="100%"/></svg>',
        start.isoformat(),
        end.isoformat(),
        f"{done / 10:.1f}",
    )
