from django.urls import path, register_converter

from votes import api
from votes.record.rules import META
from votes.views import ballots, contests, cycles, results


class DigestConverter:
    """A ballot's digest: 64 lower-case hex digits."""

    regex = "[0-9a-f]{64}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class AddressConverter(DigestConverter):
    """An address: 0x and 40 lower-case hex digits."""

    regex = "0x[0-9a-f]{40}"


class NumberConverter:
    """A cycle's number, as far as the database counts."""

    regex = "[1-9][0-9]{0,8}"

    def to_python(self, value: str) -> int:
        return int(value)

    def to_url(self, value: int) -> str:
        return str(value)


class ContestConverter:
    """A contest's key: a programme's slug, or for the one over all programmes a word that no slug can be."""

    regex = "[a-z0-9][a-z0-9-]{0,63}|all_programmes"

    def to_python(self, value: str) -> str:
        return META if value == "all_programmes" else value

    def to_url(self, value: str) -> str:
        return "all_programmes" if value == META else value


register_converter(ContestConverter, "contest")
register_converter(DigestConverter, "digest")
register_converter(AddressConverter, "address")
register_converter(NumberConverter, "number")

urlpatterns = [
    path("cycles/", cycles.cycle_list, name="cycles"),
    path("cycles/<number:number>/", cycles.cycle_page, name="cycle"),
    path("cycles/<number:number>/ballot/", ballots.ballot_page, name="ballot"),
    path("cycles/<number:number>/ballots/", ballots.ballot_list, name="ballots"),
    path("cycles/<number:number>/ballots/<digest:digest>/", ballots.receipt_page, name="receipt"),
    path(
        "cycles/<number:number>/ballots/<digest:digest>/receipt.json",
        ballots.receipt_file,
        name="receipt_file",
    ),
    path("cycles/<number:number>/result/", results.result_page, name="result"),
    path("cycles/<number:number>/contests/<contest:key>/", contests.contest_page, name="contest"),
]

api_urlpatterns = [
    path("cycles/", api.list_cycles, name="api_cycles"),
    path("cycles/<number:number>/", api.read_cycle, name="api_cycle"),
    path("cycles/<number:number>/rules.json", api.read_rules, name="api_rules"),
    path("cycles/<number:number>/ballots/", api.ballots, name="api_ballots"),
    path("cycles/<number:number>/ballots/0x<digest:digest>/", api.read_ballot, name="api_ballot"),
    path("cycles/<number:number>/voters/<address:address>/", api.read_voter, name="api_voter"),
    path("cycles/<number:number>/result/", api.read_result, name="api_result"),
]
