"""A cycle's ballots and result as files for other programs."""

from collections.abc import Iterator

from django.http import Http404, HttpRequest, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from votes.exports import ballot_rows, pabulib, result_rows
from votes.models import Contest, Result

CSV = "text/csv; charset=utf-8"


@require_safe
def result_csv(request: HttpRequest, number: int) -> StreamingHttpResponse:
    """What every rule gives every option."""
    return _file(result_rows(_result(number)), f"cycle-{number}-result.csv", CSV)


@require_safe
def ballots_csv(request: HttpRequest, number: int) -> StreamingHttpResponse:
    """Every line of every ballot, once there is a result."""
    return _file(ballot_rows(_result(number).cycle), f"cycle-{number}-ballots.csv", CSV)


@require_safe
def contest_pb(request: HttpRequest, number: int, key: str) -> StreamingHttpResponse:
    """One contest in Pabulib's format."""
    result = _result(number)
    contest = get_object_or_404(Contest, cycle=result.cycle, key=key)
    name = "all-programmes" if contest.is_over_programmes else contest.key
    lines = pabulib(result.cycle, contest, result)
    return _file(lines, f"cycle-{number}-{name}.pb", "text/plain; charset=utf-8")


def _result(number: int) -> Result:
    results = Result.objects.filter(cycle__number=number).select_related("cycle__power__snapshot")
    result = results.order_by("-version").first()
    if result is None:
        raise Http404(f"Cycle {number} has no result yet.")
    return result


def _file(lines: Iterator[bytes], name: str, content: str) -> StreamingHttpResponse:
    answer = StreamingHttpResponse(lines, content_type=content)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
