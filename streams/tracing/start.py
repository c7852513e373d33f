"""Starts to trace, where the settings ask for it."""

from typing import TYPE_CHECKING

from streams.errors import UsageError
from streams.settings import Settings

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer


def tracer_of(settings: Settings, role: str) -> "Tracer | None":
    """Gives what makes spans, which are sent until the process ends; None where nobody asked for them.

    role: worker, intake or deliver.

    Raises:
        UsageError: OpenTelemetry's packages are not installed.
    """
    if not settings.otlp_endpoint:
        return None
    try:
        from streams.tracing.export import start  # noqa: PLC0415 - an extra, and a third of a second
    except ImportError as error:
        raise UsageError(
            f"TIERFLOW_OTLP_ENDPOINT is set, and {error.name} is not installed; "
            "install tierflow[otlp], or take the setting away"
        ) from error
    return start(settings, role)
