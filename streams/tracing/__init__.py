"""OpenTelemetry: spans to a collector, where TIERFLOW_OTLP_ENDPOINT is set (docs/operations.md#traces).

    start: is it asked for? -> export: a thread that sends spans by OTLP over HTTP -> the collector
                            -> remote: links to the traces that inputs came of

OpenTelemetry's packages are an extra (`tierflow[otlp]`): only `export` and `remote` import them, and nobody imports
these two at the start of a process that does not trace.

What may live here: how spans leave the process. What a span is of belongs to who makes it (`worker`, `deliver`). A span
holds no customer id and no value of an event.

May be imported here: `contracts`, `errors`, `settings`.
"""
