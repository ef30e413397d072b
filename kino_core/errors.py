"""The one family of errors that people and programs may see."""

from enum import StrEnum
from typing import ClassVar


class Category(StrEnum):
    """What kind of failure it is; decides the HTTP status and the exit code."""

    VALIDATION = "VALIDATION"
    AUTHENTICATION = "AUTHENTICATION"
    AUTHORIZATION = "AUTHORIZATION"
    NOT_FOUND = "NOT_FOUND"
    CONFLICT = "CONFLICT"
    RATE_LIMIT = "RATE_LIMIT"
    INTEGRATION = "INTEGRATION"
    SERVER = "SERVER"
    UNAVAILABLE = "UNAVAILABLE"


class KinoError(Exception):
    """An error that says what happened and what to do.

    Subclasses set `category` and `code`; `details` is shown to the caller, so it must hold nothing secret.
    """

    category: ClassVar[Category] = Category.SERVER
    code: ClassVar[str] = "INTERNAL_ERROR"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, **details: object) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class InvalidInput(KinoError):
    """One or more fields are wrong; `fields` names each with its reason."""

    category = Category.VALIDATION
    code = "INVALID_INPUT"

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message, **({"fields": [{"field": field, "message": message}]} if field else {}))


class InvalidDates(InvalidInput):
    """A span that ends before it starts."""

    code = "INVALID_DATE_RANGE"


class InvalidPeriod(InvalidInput):
    """A period that is not a year, quarter, month, ISO week or a range of two days."""

    code = "INVALID_PERIOD"


class NotFound(KinoError):
    """What the caller named does not exist, or is not visible to the caller."""

    category = Category.NOT_FOUND
    code = "NOT_FOUND"


class Conflict(KinoError):
    """The request contradicts what is already stored."""

    category = Category.CONFLICT
    code = "CONFLICT"


class Unauthenticated(KinoError):
    """No credential, or one that is wrong, expired or revoked."""

    category = Category.AUTHENTICATION
    code = "UNAUTHENTICATED"


class Forbidden(KinoError):
    """The caller is known but may not do this."""

    category = Category.AUTHORIZATION
    code = "FORBIDDEN"


class Unavailable(KinoError):
    """Something Kino needs is away for now; the same request may succeed later."""

    category = Category.UNAVAILABLE
    code = "UNAVAILABLE"
    retryable = True
