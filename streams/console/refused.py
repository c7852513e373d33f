"""A request that is refused, wherever that is found out."""

from collections.abc import Sequence
from http import HTTPStatus


class RefusedError(Exception):
    """The answer is this status with this detail, as a problem (api/problem.py). The detail holds no customer id."""

    def __init__(
        self, status: HTTPStatus, detail: str, *, retry_after_s: float | None = None, reasons: Sequence[str] = ()
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.retry_after_s = retry_after_s
        self.reasons = reasons


class OtherIdError(RefusedError):
    """The customer has another id now."""

    def __init__(self, customer_id: str) -> None:
        super().__init__(HTTPStatus.PERMANENT_REDIRECT, "The customer has another id now.")
        self.customer_id = customer_id


def bad_request(detail: str) -> RefusedError:
    """Gives the refusal of a request that cannot be understood."""
    return RefusedError(HTTPStatus.BAD_REQUEST, detail)


def not_found(detail: str) -> RefusedError:
    """Gives the refusal of a request for what is not there."""
    return RefusedError(HTTPStatus.NOT_FOUND, detail)


def unknown_customer() -> RefusedError:
    """Gives the refusal of a request about a customer whom nobody knows."""
    return not_found("No customer with this id has a tier.")


def later(detail: str, retry_after_s: float = 1) -> RefusedError:
    """Gives the refusal of a request that may be answered later."""
    return RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, detail, retry_after_s=retry_after_s)
