"""The public log and the changes of roles, page by page."""

import re

import pytest
from django.test import Client

from accounts.models import RoleChange
from journal.actions import audit
from journal.clock import database_clock
from tests.factories import address
from tests.tpp.html_reader import Page

pytestmark = pytest.mark.django_db

ROWS = 230


def pages(path: str, pattern: str) -> list[list[str]]:
    """What `pattern` finds on each page, from the newest on, as the links lead."""
    found, start = [], ""
    while True:
        text = Client().get(path + start).content.decode()
        assert Page.read(text).faults == []
        found.append(re.findall(pattern, text))
        link = re.search(r'href="(\?before=\d+)"', text)
        if link is None:
            return found
        start = link[1]


def test_the_log_can_be_read_to_its_first_entry() -> None:
    at = database_clock()
    for number in range(ROWS):
        audit(actor=address("alice"), verb="try", subject=f"row/{number}", at=at)
    found = pages("/admin/log/", r"row/(\d+)<")
    assert [len(page) for page in found] == [100, 100, 30]
    assert [int(number) for page in found for number in page] == list(reversed(range(ROWS)))


def test_every_change_of_a_role_can_be_read() -> None:
    at = database_clock()
    for number in range(ROWS):
        RoleChange.objects.create(
            address=address("bob"),
            role="admin",
            is_grant=number % 2 == 0,
            actor=address("alice"),
            reason=f"Reason {number}.",
            changed_at=at,
            effective_at=at,
        )
    found = pages("/admin/roles/", r"Reason (\d+)\.")
    assert [int(number) for page in found for number in page] == list(reversed(range(ROWS)))


@pytest.mark.parametrize("before", ["", "x", "-1", "0", "9" * 30, "\u0663"])
def test_a_key_that_is_none_is_answered_with_a_page(before: str) -> None:
    for path in ("/admin/log/", "/admin/roles/"):
        assert Client().get(path, {"before": before}).status_code == 200
