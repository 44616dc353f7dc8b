"""Every address of the machine side, below /api/v1/."""

from django.urls import path

from accounts import api as people
from deliberation import api as deliberation
from journal import converters  # noqa: F401 (registers what the addresses below are made of)
from ledger import api as ledger
from power import api as power
from programmes import api as programmes
from tpp import api
from tpp.pages import clock, uptake
from votes import api as votes
from votes import challenge_api, draft_api, effect_api, tree_api
from votes import waiting_api as waiting

urlpatterns = [
    path("openapi.json", api.openapi_json, name="openapi_json"),
    path("openapi.yaml", api.openapi_yaml, name="openapi_yaml"),
    # votes
    path("cycles/", votes.list_cycles, name="api_cycles"),
    path("cycles/<number:number>/", votes.read_cycle, name="api_cycle"),
    path("cycles/<number:number>/rules.json", votes.read_rules, name="api_rules"),
    path("cycles/<number:number>/ballots/", votes.ballots, name="api_ballots"),
    path("cycles/<number:number>/ballots/0x<digest:digest>/", votes.read_ballot, name="api_ballot"),
    path("cycles/<number:number>/ballots/0x<digest:digest>/proof/", tree_api.read_proof, name="api_proof"),
    path("cycles/<number:number>/heads/", tree_api.list_heads, name="api_heads"),
    path("cycles/<number:number>/heads/consistency/", tree_api.read_consistency, name="api_consistency"),
    path("cycles/<number:number>/voters/", votes.list_voters, name="api_voters"),
    path("cycles/<number:number>/voters/<address:address>/", votes.read_voter, name="api_voter"),
    path("cycles/<number:number>/effect/", effect_api.effect, name="api_effect"),
    path("cycles/<number:number>/draft/", draft_api.draft, name="api_draft"),
    path("cycles/<number:number>/waiting/", waiting.list_waiting, name="api_waiting_ballots"),
    path(
        "cycles/<number:number>/waiting/0x<digest:digest>/", waiting.read_waiting, name="api_waiting_ballot"
    ),
    path("cycles/<number:number>/certificate/", votes.read_certificate, name="api_certificate"),
    path("cycles/<number:number>/result/", votes.read_result, name="api_result"),
    path(
        "cycles/<number:number>/result/<number:result_version>/",
        votes.read_version,
        name="api_result_version",
    ),
    path("cycles/<number:number>/challenges/", challenge_api.list_challenges, name="api_challenges"),
    path("cycles/<number:number>/verifications/", challenge_api.list_verifications, name="api_verifications"),
    # programmes
    path("community/", programmes.read_community, name="api_community"),
    path("programmes/", programmes.list_programmes, name="api_programmes"),
    path("programmes/<key:slug>/", programmes.read_programme, name="api_programme"),
    path("programmes/<key:programme>/<key:slug>/", programmes.read_typology, name="api_typology"),
    path("revisions/", programmes.list_revisions, name="api_revisions"),
    path("sponsorships/", programmes.list_sponsorships, name="api_sponsorships"),
    path("applications/", programmes.list_applications, name="api_applications"),
    # power
    path("registers/", power.list_registers, name="api_registers"),
    path("registers/<row:register_id>/powers/", power.list_register_powers, name="api_register_powers"),
    path("snapshots/", power.list_snapshots, name="api_snapshots"),
    path("snapshots/<row:snapshot_id>/powers/", power.list_snapshot_powers, name="api_snapshot_powers"),
    # deliberation
    path("threads/", deliberation.list_threads, name="api_threads"),
    path("threads/<row:thread_id>/", deliberation.read_thread, name="api_thread"),
    path("threads/<row:thread_id>/posts/", deliberation.list_thread_posts, name="api_thread_posts"),
    path("posts/", deliberation.list_posts, name="api_posts"),
    # ledger
    path("accounts/", ledger.list_accounts, name="api_accounts"),
    path("accounts/<row:account_id>/", ledger.read_account, name="api_account"),
    path("transfers/", ledger.list_transfers, name="api_transfers"),
    # people
    path("wallets/", people.list_wallets, name="api_wallets"),
    path("wallets/<address:address>/", people.read_wallet, name="api_wallet"),
    # working of the site
    path("uptake/", uptake.uptake_api, name="api_uptake"),
    path("uptake.csv", uptake.uptake_csv, name="uptake_csv"),
    path("clock/", clock.clock_api, name="api_clock"),
]
