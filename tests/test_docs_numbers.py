"""The numbers in the documents are those of the code: each sentence is written here with the constant in it."""

from pathlib import Path

import pytest

from streams.contracts.inputs import ID_BYTES_LIMIT
from streams.contracts.letters import FIRST_BYTES
from streams.contracts.packing import changelog_bytes
from streams.contracts.times import FUTURE_LIMIT_MS
from streams.deliver.answers import RETRY_AFTER_LIMIT_S
from streams.deliver.health import DOWN_AFTER, REFUSED_IN_A_ROW
from streams.deliver.pending import EVENTS_LIMIT, SPAN_LIMIT
from streams.engine.state import ACCOUNTS_LIMIT, LOANS_LIMIT, STATE_BYTES_LIMIT
from streams.kafka.broker_clock import LIMIT_MS, NOTED_MS
from streams.kafka.contact import REFUSED_FOR_S, SILENT_AFTER_S
from streams.kafka.lost_ends import ENDS_MS
from streams.kafka.topic_specs import WRITTEN_BYTES
from streams.kafka.transactional import DEADLINE_S, TRANSACTION_TIMEOUT_MS
from streams.kafka.unpacking import MEASURED_BYTES, MEASURED_RECORDS, UNPACKED_BYTES
from streams.policy.language.words import DAYS_LIMIT
from streams.security.http_limits import HttpLimits
from streams.simulate.simulation import AHEAD_DAYS
from streams.values.calendar import HOUR_MS
from streams.values.fingerprint import REMEMBERED_AT_LEAST
from streams.values.money import AMOUNT_DECIMALS, SUM_LIMIT_E4
from streams.worker.crowd import AT_LEAST, AT_MOST
from streams.worker.inbox import BATCH_BYTES, HELD_HIGH_BYTES, QUEUE_HIGH_BYTES, RECORD_BYTES
from streams.worker.lane import BATCH_LIMIT
from streams.worker.lane_app import SESSION_TIMEOUT_S
from streams.worker.takeover import TAKE_OVER_WITHIN_S
from streams.worker.turns import BREATH_S, LARGE_BATCH, SLICE_S
from streams.worker.watchdog import STALLED_AFTER_S

DOCS = Path(__file__).parents[1] / "docs"
MIB = 1 << 20
TOTAL = SUM_LIMIT_E4 // 10_000
HTTP = HttpLimits()
A_REMEMBERED_ID = changelog_bytes(1) - changelog_bytes(0)
SENTENCES = [
    ("operations", f"| accounts of a customer, each currency of its own | {ACCOUNTS_LIMIT:,} |"),
    ("operations", f"| loans decided of a customer | {LOANS_LIMIT:,} |"),
    ("operations", f"`TIERFLOW_REMEMBERED_IDS`, {REMEMBERED_AT_LEAST} by default"),
    ("operations", f"at most {AMOUNT_DECIMALS} decimals"),
    ("operations", f"| all that is kept of a customer, without event ids | {STATE_BYTES_LIMIT:,} bytes |"),
    ("operations", f"| a customer's totals | {TOTAL:,} in a currency |"),
    ("operations", f"| ids | {ID_BYTES_LIMIT} bytes |"),
    ("operations", f"| days a window may look back | {DAYS_LIMIT:,} |"),
    ("operations", f"| an event's time | {FUTURE_LIMIT_MS // HOUR_MS} h ahead of the wall clock"),
    ("operations", f"| events in a batch | {BATCH_LIMIT:,}, and {BATCH_BYTES // MIB} MiB |"),
    ("operations", f"| what a compressed record batch is unpacked to | {UNPACKED_BYTES // MIB} MiB |"),
    ("operations", f"measured up to {MEASURED_BYTES // MIB} MiB of the batch and {MEASURED_RECORDS:,} of them"),
    ("operations", f"{QUEUE_HIGH_BYTES // MIB} MiB: their values, and {RECORD_BYTES} bytes each for all else"),
    ("operations", f"{HELD_HIGH_BYTES // MIB} MiB of applications for loans"),
    ("operations", f"| a transaction | {DEADLINE_S:.0f} s |"),
    (
        "operations",
        f"`transaction.max.timeout.ms` must be at least {TRANSACTION_TIMEOUT_MS:,}, and is better {ENDS_MS[0]:,}",
    ),
    ("operations", f"at least {WRITTEN_BYTES:,} for every topic\n  that is written"),
    (
        "operations",
        f"at least {changelog_bytes(0):,} and {A_REMEMBERED_ID} bytes for each event id",
    ),
    ("operations", f"noticed after {SESSION_TIMEOUT_S:.0f} s"),
    ("operations", f"has made no progress for {STALLED_AFTER_S:.0f} s"),
    ("operations", f"no broker has answered for {SILENT_AFTER_S:.0f} s"),
    ("operations", f"heard nothing for {SILENT_AFTER_S:.0f} s, waits for {REFUSED_FOR_S:.0f} s more"),
    ("operations", f"while taking over, for {TAKE_OVER_WITHIN_S:.0f} s"),
    ("operations", f"more than {LIMIT_MS // 60_000} minutes: what falls due"),
    ("operations", f"| up to {NOTED_MS // 1_000} s off the broker's |"),
    ("operations", f"| `TIERFLOW_HTTP_CONNECTIONS` | {HTTP.connections:,} |"),
    ("operations", f"| `TIERFLOW_HTTP_CONNECTIONS_PER_ADDRESS` | {HTTP.connections_per_address:,} |"),
    ("operations", f"| `TIERFLOW_HTTP_HEAD_MS` | {HTTP.head_ms:,} |"),
    ("operations", f"| `TIERFLOW_HTTP_IDLE_MS` | {HTTP.idle_ms:,} |"),
    ("operations", f"| `TIERFLOW_HTTP_ANSWER_MS` | {HTTP.answer_ms:,} |"),
    ("operations", f"| `TIERFLOW_HTTP_HEAD_BYTES` | {HTTP.head_bytes:,} |"),
    ("operations", f"| `TIERFLOW_HTTP_BODY_BYTES` | {HTTP.body_bytes:,} |"),
    ("architecture", f"at most {BATCH_LIMIT:,} entries, is the next batch"),
    ("architecture", f"batches grow with the load, up to {BATCH_LIMIT:,} events"),
    ("architecture", f"more than {QUEUE_HIGH_BYTES // MIB} MiB wait in one"),
    ("architecture", f"{1000 * SLICE_S:.0f} ms a turn"),
    ("architecture", f"every {1000 * BREATH_S:.0f} ms the loop"),
    ("architecture", f"of more than {LARGE_BATCH:,} entries"),
    ("architecture", f"as fit into a tenth of a second, from {AT_LEAST:,} to {AT_MOST:,}"),
    ("architecture", f"A transaction has {DEADLINE_S:.0f} s"),
    ("architecture", f"makes no progress for {STALLED_AFTER_S:.0f} s"),
    ("messages", f"a string of 1 to {ID_BYTES_LIMIT} bytes of UTF-8"),
    ("messages", f"More than {FUTURE_LIMIT_MS // HOUR_MS} hours ahead of the worker's wall clock"),
    ("messages", f"more than {AHEAD_DAYS} days ahead of the newest time"),
    ("messages", f"Of a customer, {ACCOUNTS_LIMIT:,} accounts are kept"),
    ("messages", f"the customer has {ACCOUNTS_LIMIT:,} accounts already"),
    ("messages", f"or {LOANS_LIMIT:,} loans were decided, or a total would pass {TOTAL:,}"),
    ("messages", f"all that is kept of the customer {STATE_BYTES_LIMIT:,} bytes"),
    ("messages", f"`value_first_base64` has its first {FIRST_BYTES:,} bytes"),
    ("messages", f"larger than {UNPACKED_BYTES // MIB} MiB when it is unpacked"),
    ("messages", f"in its first {MEASURED_BYTES // MIB} MiB, of {MEASURED_RECORDS:,} such records at most"),
    ("commands", f"{AHEAD_DAYS} if it is not given"),
    ("commands", f"in a batch of more than {UNPACKED_BYTES // MIB} MiB"),
    ("deliver", f"At most {EVENTS_LIMIT:,} events an endpoint are in memory"),
    ("deliver", f"behind one slow event up to {SPAN_LIMIT:,}"),
    ("deliver", f"after {DOWN_AFTER} failures with nothing accepted between"),
    ("deliver", f"when {REFUSED_IN_A_ROW} events in a row were parked"),
    ("deliver", f"{RETRY_AFTER_LIMIT_S / 60:.0f} minutes at most"),
]


@pytest.mark.parametrize(("page", "sentence"), SENTENCES)
def test_a_number_in_a_document_is_that_of_the_code(page: str, sentence: str) -> None:
    assert sentence in (DOCS / f"{page}.md").read_text()
