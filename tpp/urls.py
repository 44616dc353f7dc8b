"""Every address of the site."""

from django.urls import include, path

from journal import converters  # noqa: F401 (registers what the addresses below are made of)
from tpp import api
from tpp.pages import admission, calendar, clock, health, home, programmes, rehearsal, uptake

handler404 = "tpp.api.not_found"
handler500 = "tpp.middleware.server_error"

urlpatterns = [
    path("", home.home, name="home"),
    path("programmes/", programmes.programme_list, name="programmes"),
    path("programmes/admission/", admission.admission_page, name="admission"),
    path("programmes/", include("programmes.urls")),
    path("programmes/<slug:slug>/", programmes.programme_page, name="programme"),
    path("programmes/<slug:programme>/<slug:slug>/", programmes.typology_page, name="typology"),
    path("uptake/", uptake.uptake_page, name="uptake"),
    path("clock/", clock.clock_page, name="clock"),
    path("admin/schedules/<int:schedule_id>/rehearse/", rehearsal.play, name="rehearse"),
    path("admin/rehearsals/<int:rehearsal_id>/", rehearsal.rehearsal_page, name="rehearsal"),
    path("admin/rehearsals/<int:rehearsal_id>/<int:number>/", rehearsal.scene_page, name="rehearsal_scene"),
    path("cycles.ics", calendar.all_cycles, name="calendar"),
    path("cycles/<number:number>.ics", calendar.one_cycle, name="cycle_calendar"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("api/", api.api_page, name="api"),
    path("api/v1/", include("tpp.api_urls")),
    path("", include("accounts.urls")),
    path("", include("deliberation.urls")),
    path("", include("votes.urls")),
]
