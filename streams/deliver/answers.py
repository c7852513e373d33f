"""What an endpoint's answer means for the event, and for all events that wait for the endpoint.

The rules: docs/deliver.md#what-is-tried-again-and-what-is-parked.
"""

from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Literal, NamedTuple

RETRY_AFTER_LIMIT_S = 900.0
# These are not about the event, but about how the endpoint is reached: a credential, a path, a proxy.
_ABOUT_THE_ENDPOINT = frozenset({401, 403, 404, 405, 407, 408, 421, 425})

AnswerKind = Literal["accepted", "refused", "failed", "busy", "gone"]


class Answer(NamedTuple):
    """What became of one try, the reason in words for logs and parked events, and the pause that was asked for.

    accepted: done. refused: the endpoint does not want this event. failed: the endpoint could not be reached, or is
    in trouble. busy: the endpoint asks for a pause. gone: the endpoint wants no more events at all.
    """

    kind: AnswerKind
    reason: str
    retry_after_s: float | None = None


def of_status(status: int, retry_after: str | None, now_s: float) -> Answer:
    """Gives the answer that an HTTP status and a Retry-After header stand for. now_s: epoch seconds."""
    reason = f"status {status}"
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return Answer("accepted", reason)
    if status == HTTPStatus.GONE:
        return Answer("gone", reason)
    wait_s = _seconds(retry_after, now_s)
    if status == HTTPStatus.TOO_MANY_REQUESTS or (status == HTTPStatus.SERVICE_UNAVAILABLE and wait_s is not None):
        return Answer("busy", reason, wait_s)
    if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR and status not in _ABOUT_THE_ENDPOINT:
        return Answer("refused", reason)
    return Answer("failed", reason)


def _seconds(retry_after: str | None, now_s: float) -> float | None:
    """Gives the seconds of a Retry-After header, a number or a date, up to the limit; None if it is neither."""
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        # Nine digits are above the limit; a much longer number would not fit a float.
        return min(float(text[:9]), RETRY_AFTER_LIMIT_S)
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    wait_s = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now_s
    return min(max(wait_s, 0.0), RETRY_AFTER_LIMIT_S)
