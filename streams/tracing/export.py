"""Sends spans to a collector by OTLP over HTTP, from a thread of its own.

Nobody waits for a collector: spans queue up to a limit, and what does not fit, or cannot be sent, is dropped. What else
may be set, such as headers, certificates, the share of traces that is sampled, says OpenTelemetry: OTEL_* variables.
"""

import atexit
import logging
import os
import socket
import threading
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import requests
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.environment_variables import (
    OTEL_EXPORTER_OTLP_TIMEOUT,
    OTEL_EXPORTER_OTLP_TRACES_TIMEOUT,
)
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Tracer

from streams.settings import Settings

PATH = "/v1/traces"
SENT_WITHIN_S = 3.0  # where OpenTelemetry's own variable says nothing else
ENDED_WITHIN_S = 3.0
_log = logging.getLogger(__name__)


def start(settings: Settings, role: str) -> Tracer:
    """Starts the thread that sends, and gives what makes spans. At the end of the process the last ones are sent."""
    url = f"{settings.otlp_endpoint}{PATH}"
    exporter = TellingExporter(url)
    processor = BatchSpanProcessor(exporter)
    own = {
        "service.namespace": settings.app_id,
        "service.version": version("tierflow"),
        "service.instance.id": socket.gethostname() if role == "deliver" else settings.http_url,
    }
    # OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win.
    given = OTELResourceDetector().detect()
    resource = Resource.create({"service.name": f"tierflow-{role}", **own}).merge(given)
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(processor)

    def end() -> None:
        # A collector that answers slowly does not hold up the end of the process.
        ending = threading.Thread(target=provider.shutdown, daemon=True)
        exporter.hurry()
        ending.start()
        ending.join(ENDED_WITHIN_S)

    atexit.register(end)
    _log.info("spans go to %s", url)
    return provider.get_tracer("tierflow", version("tierflow"))


class TellingExporter(SpanExporter):
    """The exporter of OpenTelemetry, which says once when a collector does not take spans, and once when it does again.

    Its own lines, several a try, are not logged (logs.py).
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = requests.Session()
        self._session.hooks["response"].append(self._answered)
        is_given = OTEL_EXPORTER_OTLP_TIMEOUT in os.environ or OTEL_EXPORTER_OTLP_TRACES_TIMEOUT in os.environ
        within_s = None if is_given else SENT_WITHIN_S
        self._exporter = OTLPSpanExporter(url, timeout=within_s, session=self._session)
        self._answer = ""
        self._dropped = 0  # since the collector took spans for the last time
        self._hurries = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Sends spans; drops them where that fails for too long. Called by the thread that sends."""
        if self._hurries and self._dropped:
            return SpanExportResult.FAILURE
        self._answer = "no answer"
        result = self._exporter.export(spans)
        if result is SpanExportResult.SUCCESS:
            if self._dropped:
                _log.info("spans are taken again by %s; at least %d were dropped", self._url, self._dropped)
            self._dropped = 0
            return result
        if not self._dropped:
            _log.warning(
                "spans are not taken by %s (%s); they are dropped until it takes them, and nothing else waits for that",
                self._url,
                self._answer,
            )
        self._dropped += len(spans)
        return result

    def hurry(self) -> None:
        """Says that the process ends: what a collector does not take at once is dropped."""
        self._hurries = True
        if self._dropped:
            self._exporter.shutdown()  # type: ignore[no-untyped-call] # ends a pause between two tries

    def shutdown(self) -> None:
        """Closes the connections. Called by the thread that ends the process."""
        self._exporter.shutdown()  # type: ignore[no-untyped-call]

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Says that nothing waits here."""
        return self._exporter.force_flush(timeout_millis)

    def _answered(self, response: Any, *_: Any, **__: Any) -> None:
        self._answer = f"status {response.status_code}"
