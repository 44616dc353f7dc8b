"""The description of the machine side, as OpenAPI 3.1 and as a page, and its answer where there is nothing."""

import json
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views import defaults
from django.views.decorators.http import conditional_page, require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer

from journal.reading import REFUSED

# The order in which the page shows what belongs together.
GROUPS = [
    "cycles",
    "ballots",
    "drafts",
    "results",
    "programmes",
    "power",
    "deliberation",
    "ledger",
    "people",
    "working of the site",
]


@cache
def document() -> dict[str, Any]:
    """The OpenAPI document; made once, for it follows from the code and the settings alone."""
    made: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return made


@require_safe
@conditional_page
def openapi_json(request: HttpRequest) -> JsonResponse:
    """The description as JSON."""
    return JsonResponse(document(), json_dumps_params={"indent": 1, "ensure_ascii": False})


@require_safe
@conditional_page
def openapi_yaml(request: HttpRequest) -> HttpResponse:
    """The description as YAML."""
    text = OpenApiYamlRenderer().render(document(), renderer_context={})  # type: ignore[no-untyped-call]
    return HttpResponse(text, content_type="application/yaml")


@require_safe
def api_page(request: HttpRequest) -> HttpResponse:
    """Every address of the API with what it takes and gives, from the same description."""
    described = document()
    groups: dict[str, list[dict[str, Any]]] = {name: [] for name in GROUPS}
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            row = {**operation, "method": method.upper(), "path": path, "answers": _answers(operation)}
            groups.setdefault(operation["tags"][0], []).append(row)
    return render(
        request, "tpp/api.html", {"info": described["info"], "groups": groups.items(), "example": _example()}
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Nothing there: in the API's own form below /api/v1/, else as a page."""
    if not request.path.startswith("/api/v1/"):
        return defaults.page_not_found(request, exception)
    name, words = REFUSED[404]
    if exception.args and isinstance(exception.args[0], str):
        words = exception.args[0]
    return JsonResponse({"refusal": name, "words": words}, status=404)


def _example() -> str:
    """The ballot that the description shows, as JSON for eyes."""
    post = document()["paths"]["/api/v1/cycles/{number}/ballots/"]["post"]
    (example,) = post["requestBody"]["content"]["application/json"]["examples"].values()
    return json.dumps(example["value"], indent=2)


def _answers(operation: dict[str, Any]) -> list[tuple[str, str]]:
    return [(status, answer["description"]) for status, answer in sorted(operation["responses"].items())]
