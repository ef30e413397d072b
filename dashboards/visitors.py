"""Who looks at a page: signed in and allowed to, or sent to the sign-in page and back."""

from typing import Annotated

from fastapi import Depends, Request

from kino_api.access import OBJECTS
from kino_api.authentication import page_visitor
from kino_api.permissions import Action, NotAllowed, Permission, Resource
from kino_api.resources import resources_of
from kino_api.users import User
from kino_core.errors import Unauthenticated

SEE_PROJECTS = Permission(Resource.PROJECT, Action.READ)
SEE_OPERATIONS = Permission(Resource.SYSTEM, Action.READ)


class InNoProject(NotAllowed):
    """Somebody who was invited and has no role and no project so far."""

    code = "IN_NO_PROJECT"


class SignInFirst(Unauthenticated):
    """A page for people who are signed in; the answer leads to the sign-in page and back."""

    code = "SIGN_IN_FIRST"


def signed_in(request: Request) -> User:
    """Return who looks; raises SignInFirst, InNoProject, or UnknownProject for one that the account may not see."""
    visitor = page_visitor(request)
    if visitor is None:
        raise SignInFirst("Sign in to see this page.")
    request.state.visitor = visitor
    if visitor.user.role is None and not visitor.user.memberships:
        raise InNoProject("You belong to no project yet. Ask whoever leads yours, or an administrator, to add you.")
    if key := request.path_params.get("project_id"):
        with resources_of(request).database.read() as session:
            OBJECTS["project_id"](session, visitor.user, key, SEE_PROJECTS)
    return visitor.user


Visitor = Annotated[User, Depends(signed_in)]
"""Every page but sign-in and set-up takes one; its name stands in the corner of the page."""
