"""Granting and revoking roles, in public and with a delay; and the guard of what only a role may do."""

import functools
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from accounts.models import ADMIN, ROLES, RoleChange, Wallet, holds_role, named_in_settings
from chain.signing import BadAddress, parse_address
from journal.actions import audit
from journal.clock import database_clock
from journal.locks import wait_for_lock
from journal.refusal import Refusal

LONGEST_REASON = 1_000
_ROLES = 20  # the advisory lock of changes of roles

View = Callable[..., HttpResponse]


def admin_only(view: View) -> View:
    """Answer 403 in words to everybody but admins."""

    @functools.wraps(view)
    def guarded(request: HttpRequest, *arguments: object, **named: object) -> HttpResponse:
        check_admin(request)
        return view(request, *arguments, **named)

    return guarded


def check_admin(request: HttpRequest) -> str:
    """The address of the admin who asks. Raises PermissionDenied, which is answered 403, for anybody else."""
    if isinstance(request.user, Wallet) and holds_role(request.user.address, ADMIN, database_clock()):
        return request.user.address
    raise PermissionDenied("This is for admins.")


@transaction.atomic
def grant_role(*, address: str, role: str, actor: str, reason: str, at: datetime) -> RoleChange:
    """Grant `role` to `address`, effective after the public delay.

    Raises Refusal: `bad_address`, `unknown_role`, `no_reason`, `reason_too_long`, `not_an_admin`, `holds_it_already`.
    """
    address, reason = _checked(address, role, actor, reason, at)
    if holds_role(address, role, at):
        raise Refusal("holds_it_already", "This address holds the role already.")
    if _last_pending(address, role, at, is_grant=True):
        raise Refusal(
            "holds_it_already", "This address has been granted the role; the delay is still running."
        )
    return _change(address, role, True, actor, reason, at, at + _delay())


@transaction.atomic
def revoke_role(*, address: str, role: str, actor: str, reason: str, at: datetime) -> RoleChange:
    """Take `role` back from `address`: after the public delay, or before a grant that is pending takes effect.

    Raises Refusal: as `grant_role`, and `named_in_settings`, `does_not_hold_it`.
    """
    address, reason = _checked(address, role, actor, reason, at)
    if address in named_in_settings(role):
        raise Refusal(
            "named_in_settings",
            "This address holds the role by the deployment's settings. Its operator takes it out of TPP_ADMINS.",
        )
    pending = _last_pending(address, role, at, is_grant=True)
    if pending is None and not holds_role(address, role, at):
        raise Refusal("does_not_hold_it", "This address does not hold the role.")
    if pending is None and _last_pending(address, role, at, is_grant=False):
        raise Refusal("does_not_hold_it", "The role is already being taken back; the delay is still running.")
    return _change(
        address, role, False, actor, reason, at, pending.effective_at if pending else at + _delay()
    )


def _checked(address: str, role: str, actor: str, reason: str, at: datetime) -> tuple[str, str]:
    """The canonical address and the reason, with changes of roles held one at a time."""
    try:
        address = parse_address(address.strip())
    except BadAddress as error:
        raise Refusal("bad_address", str(error)) from error
    reason = reason.strip()
    if role not in ROLES:
        raise Refusal("unknown_role", f"There is no role of this name; there is {', '.join(ROLES)}.")
    if not reason:
        raise Refusal("no_reason", "Say why, in public: a change of roles without a reason is not made.")
    if len(reason) > LONGEST_REASON or "\0" in reason:
        raise Refusal("reason_too_long", f"A reason is plain text of at most {LONGEST_REASON} characters.")
    wait_for_lock(_ROLES, 0)
    if not holds_role(actor, ADMIN, at):
        raise Refusal("not_an_admin", "Only an admin grants and revokes roles.", status=403)
    return address, reason


def _last_pending(address: str, role: str, at: datetime, *, is_grant: bool) -> RoleChange | None:
    """The pending change that will decide last, if it is of this kind."""
    changes = RoleChange.objects.pending(at).filter(address=address, role=role)
    last = changes.order_by("effective_at", "pk").last()
    return last if last is not None and last.is_grant == is_grant else None


def _change(
    address: str, role: str, is_grant: bool, actor: str, reason: str, at: datetime, effective_at: datetime
) -> RoleChange:
    change = RoleChange.objects.create(
        address=address,
        role=role,
        is_grant=is_grant,
        actor=actor,
        reason=reason,
        changed_at=at,
        effective_at=effective_at,
    )
    audit(
        actor=actor,
        verb="grant_role" if is_grant else "revoke_role",
        subject=f"{role}/{address}",
        after=f"effective {effective_at:%Y-%m-%d %H:%M} UTC: {reason}",
        at=at,
    )
    return change


def _delay() -> timedelta:
    return timedelta(seconds=settings.TPP_ROLE_DELAY_SECONDS)
