"""`{% visitor %}`: a part of the page that depends on who looks at it."""

from typing import Any

from django import template
from django.utils.safestring import SafeString

from tpp.visitor import Part, place

register = template.Library()


@register.simple_tag(takes_context=True)
def visitor(context: template.Context, template: str, **given: Any) -> SafeString:
    """`{% visitor "tpp/visitor/corner.html" name=value %}`: that template, told the visitor and `given` alone.

    `given` must be alike for everybody.
    """
    return place(context.get("request"), Part(template, given))
