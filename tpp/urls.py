"""Every address of the site."""

from django.urls import include, path

from tpp.pages import calendar, clock, health, home, programmes, uptake
from votes.urls import api_urlpatterns

handler500 = "tpp.middleware.server_error"

urlpatterns = [
    path("", home.home, name="home"),
    path("programmes/", programmes.programme_list, name="programmes"),
    path("programmes/<slug:slug>/", programmes.programme_page, name="programme"),
    path("programmes/<slug:programme>/<slug:slug>/", programmes.typology_page, name="typology"),
    path("uptake/", uptake.uptake_page, name="uptake"),
    path("clock/", clock.clock_page, name="clock"),
    path("cycles.ics", calendar.all_cycles, name="calendar"),
    path("cycles/<number:number>.ics", calendar.one_cycle, name="cycle_calendar"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("api/v1/uptake/", uptake.uptake_api, name="api_uptake"),
    path("api/v1/uptake.csv", uptake.uptake_csv, name="uptake_csv"),
    path("api/v1/clock/", clock.clock_api, name="api_clock"),
    path("api/v1/", include(api_urlpatterns)),
    path("", include("accounts.urls")),
    path("", include("deliberation.urls")),
    path("", include("votes.urls")),
]
