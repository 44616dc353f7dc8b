"""The content security policy, which is the same on every page: put together once, not for each answer."""

from collections.abc import Callable

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

_OWN = ("_csp_config", "_csp_update", "_csp_replace", "_csp_exempt")  # what a view can say of its own policy


class SamePolicy(CSPMiddleware):
    """Django-csp's middleware, which is asked itself wherever an answer or a nonce could make a difference."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        super().__init__(get_response)
        self.policy: str = build_policy()
        self.is_same = bool(self.policy) and not (
            settings.DEBUG
            or settings.CONTENT_SECURITY_POLICY.get("EXCLUDE_URL_PREFIXES")
            or getattr(settings, "CONTENT_SECURITY_POLICY_REPORT_ONLY", None)
        )

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        is_told = any(name in response.__dict__ for name in _OWN) or hasattr(request, "_csp_nonce")
        if is_told or not self.is_same:
            answer: HttpResponseBase = super().process_response(request, response)
            return answer
        response.headers.setdefault(HEADER, self.policy)
        return response
