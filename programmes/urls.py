"""Proposing, editing, sponsoring and applying, below /programmes/. The pages that show votes stand in tpp."""

from django.urls import path

from programmes.views import applying, proposing, sponsoring

urlpatterns = [
    path("propose/", proposing.propose, name="propose"),
    path("<slug:slug>/edit/", proposing.edit, name="edit_programme"),
    path("<slug:slug>/history/", proposing.history, name="programme_history"),
    path("<slug:slug>/sponsor/", sponsoring.sponsor, name="sponsor"),
    path("<slug:slug>/applications/", applying.applications, name="programme_applications"),
    path("<slug:programme>/<slug:slug>/apply/", applying.apply, name="apply"),
    path("<slug:slug>/<slug:typology>/applications/", applying.applications, name="typology_applications"),
    path("<slug:programme>/<slug:slug>/applications/<int:number>/", applying.application, name="application"),
]
