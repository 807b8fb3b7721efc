"""Sessions, users and tokens."""

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from admin_api.schemas.base import In, Line, Moment, Out, Slug, printable
from gateway.domain.person import Role
from gateway.services.accounts import LANGUAGES

Login = Annotated[str, StringConstraints(pattern=r"^[\w.-]{1,40}$"), Field(examples=["li.na"])]
Password = Annotated[str, StringConstraints(min_length=10, max_length=200)]
Roles = Annotated[list[Annotated[Role, Field(strict=False)]], Field(min_length=1, max_length=8)]
Language = Annotated[str, StringConstraints(pattern=f"^({'|'.join(LANGUAGES)})$"), Field(examples=["zh-Hans"])]


class SignIn(In):
    """What someone types."""

    login: Annotated[str, StringConstraints(min_length=1, max_length=40), AfterValidator(printable)] = Field(
        examples=["li.na"]
    )
    password: Annotated[str, StringConstraints(min_length=1, max_length=200)] = Field(
        examples=["correct horse battery"]
    )


class Redeem(In):
    """The secret of a sign-in link."""

    secret: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{20,100}$")]


class UserOut(Out):
    """Someone who uses Gatehouse."""

    id: int
    login: str
    name: str
    roles: list[Role]
    language: str
    post: str | None
    disabled: bool


class SessionOut(Out):
    """A session just begun; its secret is in the cookie."""

    user: UserOut
    csrf: str = Field(description="To be sent as X-CSRF-Token with every change.")
    expires_at: Moment


class MeOut(Out):
    """Who asks."""

    id: str = Field(examples=["user:3"])
    name: str
    roles: list[Role]
    post: str | None
    language: str
    csrf: str | None = Field(description="Null for machines.")


class SignedOut(Out):
    """The session ended."""

    signed_out: bool = True


class UserIn(In):
    """A new user; without a password only a one-time link lets them in."""

    login: Login
    name: Line = Field(examples=["李娜"])
    roles: Roles = Field(examples=[["front_desk"]])
    password: Password | None = None
    language: Language = "zh-Hans"
    post: Slug | None = Field(default=None, description="The guard post of a guard.")


class RolesIn(In):
    """Other roles."""

    roles: Roles


class PasswordIn(In):
    """A new password."""

    password: Password


class LanguageIn(In):
    """The language of the pages."""

    language: Language


class LinkOut(Out):
    """A link that signs the user in once, within ten minutes."""

    secret: str


class TokenIn(In):
    """A token for a machine."""

    name: Line = Field(examples=["billing export"])
    roles: Roles = Field(examples=[["auditor"]])
    days: int = Field(ge=1, le=365)


class TokenOut(Out):
    """A machine's token, without its text."""

    id: int
    name: str
    roles: list[Role]
    created_at: Moment
    expires_at: Moment
    used_at: Moment | None
    revoked_at: Moment | None


class NewTokenOut(Out):
    """The token's text, shown this once."""

    id: int
    token: str = Field(examples=["gh_…"])
