from django.urls import path, register_converter

from journal import converters  # noqa: F401 (registers what the addresses below are made of)
from votes.record.lines import KINDS
from votes.record.rules import META
from votes.views import (
    admin,
    ballot_page,
    ballots,
    challenges,
    contests,
    cycles,
    exports,
    founding,
    records,
    results,
    trees,
    waiting,
)


class ContestConverter:
    """A contest's key: a programme's slug, or for the one over all programmes a word that no slug can be."""

    regex = "[a-z0-9][a-z0-9-]{0,63}|all_programmes"

    def to_python(self, value: str) -> str:
        return META if value == "all_programmes" else value

    def to_url(self, value: str) -> str:
        return "all_programmes" if value == META else value


class RecordConverter:
    """Which of a cycle's two records."""

    regex = "|".join(KINDS)

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(ContestConverter, "contest")
register_converter(RecordConverter, "record")

urlpatterns = [
    path("admin/", admin.overview, name="admin"),
    path("admin/register/", founding.register, name="admin_register"),
    path("admin/community/", founding.community, name="admin_community"),
    path("admin/programmes/new/", founding.programme, name="admin_found_programme"),
    path("admin/schedules/new/", admin.new_schedule, name="admin_new_schedule"),
    path("admin/schedules/<number:pk>/", admin.edit_schedule, name="admin_schedule"),
    path("admin/cycles/<number:number>/", admin.cycle_page, name="admin_cycle"),
    path("admin/roles/", admin.roles, name="admin_roles"),
    path("admin/log/", admin.log, name="admin_log"),
    path("cycles/", cycles.cycle_list, name="cycles"),
    path("cycles/<number:number>/", cycles.cycle_page, name="cycle"),
    path("cycles/<number:number>/ballot/", ballot_page.ballot_page, name="ballot"),
    path("cycles/<number:number>/ballot/example.json", ballot_page.ballot_example, name="ballot_example"),
    path("cycles/<number:number>/ballots/", ballots.ballot_list, name="ballots"),
    path("cycles/<number:number>/ballots/<digest:digest>/", ballots.receipt_page, name="receipt"),
    path(
        "cycles/<number:number>/ballots/<digest:digest>/receipt.json",
        ballots.receipt_file,
        name="receipt_file",
    ),
    path("cycles/<number:number>/heads/", trees.heads_page, name="heads"),
    path("cycles/<number:number>/record/", records.record_page, name="record"),
    path("cycles/<number:number>/record/<record:kind>.ndjson", records.record_file, name="record_file"),
    path(
        "cycles/<number:number>/record/<record:kind>-with-texts.ndjson",
        records.record_with_texts,
        name="record_with_texts",
    ),
    path(
        "cycles/<number:number>/record/<record:kind>.ndjson.sha256", records.record_hash, name="record_hash"
    ),
    path("cycles/<number:number>/waiting/", waiting.waiting_list, name="waiting_ballots"),
    path("cycles/<number:number>/waiting/<digest:digest>/", waiting.waiting_page, name="waiting_ballot"),
    path("cycles/<number:number>/result.csv", exports.result_csv, name="result_csv"),
    path("cycles/<number:number>/ballots.csv", exports.ballots_csv, name="ballots_csv"),
    path("cycles/<number:number>/contests/<contest:key>.pb", exports.contest_pb, name="contest_pb"),
    path("cycles/<number:number>/result/", results.result_page, name="result"),
    path("cycles/<number:number>/result/v<number:version>/", results.result_page, name="result_version"),
    path("cycles/<number:number>/challenges/", challenges.challenges_page, name="challenges"),
    path("cycles/<number:number>/challenges/<number:pk>/", challenges.challenge_page, name="challenge"),
    path("cycles/<number:number>/recompute/", challenges.recompute, name="recompute"),
    path("cycles/<number:number>/contests/<contest:key>/", contests.contest_page, name="contest"),
]
