"""Reading the community, its programmes and their typologies."""

from django.db.models import prefetch_related_objects
from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from journal.reading import BY_NUMBER, listed, page, page_of, reads
from programmes.models import (
    Application,
    MetaProgramme,
    Programme,
    ProgrammeRevision,
    Sponsorship,
    Typology,
)
from programmes.serializers import (
    ApplicationSerializer,
    CommunitySerializer,
    ProgrammeDetailSerializer,
    ProgrammeSerializer,
    RevisionSerializer,
    SponsorshipSerializer,
    TypologySerializer,
)


@reads(CommunitySerializer, tag="programmes")
def read_community(request: Request) -> Response:
    """The community: its token, its budget per cycle [base units], its register."""
    meta = MetaProgramme.objects.select_related("token").first()
    if meta is None:
        raise Http404("No community is founded here yet.")
    return Response(CommunitySerializer(meta).data)


@reads(
    page_of("ProgrammePage", ProgrammeSerializer, rows="programmes"), tag="programmes", parameters=BY_NUMBER
)
def list_programmes(request: Request) -> Response:
    """Programmes, also those that are only proposed, in the order in which they were entered."""
    return listed(
        "programmes", ProgrammeSerializer, page(Programme.objects.select_related("admission"), request)
    )


@reads(ProgrammeDetailSerializer, tag="programmes")
def read_programme(request: Request, slug: str) -> Response:
    """One programme with statement, goals, typologies and facilitators."""
    programme = Programme.objects.select_related("admission").filter(slug=slug).first()
    if programme is None:
        raise Http404
    prefetch_related_objects([programme], "goals", "facilitators__wallet", "typologies__programme")
    return Response(ProgrammeDetailSerializer(programme).data)


@reads(TypologySerializer, tag="programmes")
def read_typology(request: Request, programme: str, slug: str) -> Response:
    """One typology of a programme."""
    typologies = Typology.objects.select_related("programme")
    typology = typologies.filter(programme__slug=programme, slug=slug).first()
    if typology is None:
        raise Http404
    return Response(TypologySerializer(typology).data)


@reads(page_of("RevisionPage", RevisionSerializer, rows="revisions"), tag="programmes", parameters=BY_NUMBER)
def list_revisions(request: Request) -> Response:
    """Every state of every programme's statement, oldest first; a programme never edited has none."""
    revisions = ProgrammeRevision.objects.select_related("programme", "words")
    return listed("revisions", RevisionSerializer, page(revisions, request))


@reads(
    page_of("SponsorshipPage", SponsorshipSerializer, rows="sponsorships"),
    tag="programmes",
    parameters=BY_NUMBER,
)
def list_sponsorships(request: Request) -> Response:
    """Who sponsored which proposed programme and who left it, oldest first."""
    sponsorships = Sponsorship.objects.select_related("programme")
    return listed("sponsorships", SponsorshipSerializer, page(sponsorships, request))


@reads(
    page_of("ApplicationPage", ApplicationSerializer, rows="applications"),
    tag="programmes",
    parameters=BY_NUMBER,
)
def list_applications(request: Request) -> Response:
    """Builders' applications with amounts [base units], oldest first."""
    applications = Application.objects.select_related("typology__programme", "words")
    return listed(
        "applications", ApplicationSerializer, page(applications.prefetch_related("milestones"), request)
    )
