"""Every address of the site."""

from django.urls import include, path

from tpp.pages import health, home, programmes
from votes.urls import api_urlpatterns

urlpatterns = [
    path("", home.home, name="home"),
    path("programmes/", programmes.programme_list, name="programmes"),
    path("programmes/<slug:slug>/", programmes.programme_page, name="programme"),
    path("programmes/<slug:programme>/<slug:slug>/", programmes.typology_page, name="typology"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("api/v1/", include(api_urlpatterns)),
    path("", include("accounts.urls")),
    path("", include("deliberation.urls")),
    path("", include("votes.urls")),
]
