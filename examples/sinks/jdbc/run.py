"""From tier changes to tables in PostgreSQL, by the real Kafka Connect: `make example-jdbc`.

It starts PostgreSQL, Kafka, a worker with TIERFLOW_TABLES=connect, and Kafka Connect with Debezium's sink for JDBC on
this machine, in a folder that is gone afterwards; sends a few events; and asks PostgreSQL what came of them. Needed:
PostgreSQL 15 or newer (Debian's package postgresql), and Maven Central the first time, for some 70 MB.
"""

import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))
from on_this_machine import CONNECT, TIERFLOW, changes, connect, kafka, postgres, running, say, wait  # noqa: E402

# Of 3.6.0.Final, hibernate-agroal 7.2.6.Final could not be had from Maven Central.
DEBEZIUM = "3.2.0.Final"
JARS = (
    # These three first, or the sink would bring older ones along.
    f"org.apache.kafka:connect-api:{CONNECT}",
    f"org.apache.kafka:connect-transforms:{CONNECT}",
    f"org.apache.kafka:kafka-clients:{CONNECT}",
    f"org.apache.kafka:connect-runtime:{CONNECT}",
    f"org.apache.kafka:connect-json:{CONNECT}",
    f"io.debezium:debezium-connector-jdbc:{DEBEZIUM}",
    "org.slf4j:slf4j-simple:1.7.36",
)


def balance(customer: str, number: int, amount: str) -> dict[str, object]:
    """Gives a balance of a customer's one account."""
    value = {
        "event_id": f"{customer}-{number}",
        "customer_id": customer,
        "account_id": f"A-{customer}",
        "balance": amount,
        "currency": "TWD",
        "as_of": f"2026-11-24T09:3{number}:00+08:00",
    }
    return {"topic": "bank.balances", "value": value}


EVENTS = (
    balance("C001", 0, "1000.00"),
    balance("C001", 1, "600000.00"),
    balance("C002", 0, "7500000.00"),
    balance("C003", 0, "12345678901.2345"),
)
LOAN = {
    "topic": "bank.loans",
    "value": {
        "event_id": "L1",
        "customer_id": "C002",
        "loan_id": "L77",
        "amount": "12000000.00",
        "currency": "TWD",
        "applied_at": "2026-11-24T09:35:00+08:00",
    },
}
ERASE = {
    "topic": "bank.customers",
    "value": {"event_id": "X1", "customer_id": "C001", "action": "erase", "at": "2026-11-24T10:00:00+08:00"},
}

QUESTIONS = (
    (
        "Every change, by its id",
        "SELECT id, previous_tier, tier, value, decided_at, granted::json->>0 FROM tier_changes_connect ORDER BY id",
    ),
    ("The newest tier of every customer", "SELECT customer_id, tier, value FROM tier_current_connect ORDER BY 1"),
    ("Triggers", 'SELECT id, campaign, "group", amount FROM tier_campaigns_connect ORDER BY 1'),
    ("Loans", "SELECT id, outcome, tier, amount FROM tier_risk_connect ORDER BY 1"),
    (
        "The types of its columns",
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'tier_campaigns_connect'",
    ),
)


def main() -> None:
    """Runs all of it."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tierflow-jdbc-")))
        folder.chmod(0o755)
        (folder / "postgres").mkdir()
        say("PostgreSQL, empty")
        sql = stack.enter_context(postgres(folder / "postgres"))
        say("Kafka")
        servers = stack.enter_context(kafka(folder))
        environment = {
            **os.environ,
            "KAFKA_BOOTSTRAP_SERVERS": servers,
            "TIERFLOW_TABLES": "connect",
            "TIERFLOW_CLOCK": "event",
            "TIERFLOW_HTTP_PORT": "0",
        }
        subprocess.run([TIERFLOW, "topics", "create", "--partitions", "4"], check=True, env=environment)
        say("a worker")
        ready = stack.enter_context(running("worker", [TIERFLOW, "worker"], folder, environment))
        wait(lambda: ready("ready at"), "the worker is ready")

        def send(*events: object) -> None:
            (folder / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
            subprocess.run([TIERFLOW, "load", "events", str(folder / "events.jsonl")], check=True, env=environment)

        def there(query: str) -> str:
            connected("")  # or it has ended
            try:
                return sql(query).strip()
            except subprocess.CalledProcessError:  # the table is not made yet
                return ""

        send(*EVENTS, LOAN)
        changes(environment, 4)
        say(f"Kafka Connect {CONNECT} with Debezium's sink {DEBEZIUM} (fetched the first time)")
        command = connect(JARS, [HERE / f"{name}.properties" for name in ("connect", "history", "current")])
        connected = stack.enter_context(running("connect", command, folder, environment))
        wait(lambda: there("SELECT count(*) FROM tier_changes_connect") == "4", "four changes are in PostgreSQL")
        wait(lambda: there("SELECT count(*) FROM tier_current_connect") == "3", "three customers are")
        wait(lambda: there("SELECT count(*) FROM tier_risk_connect") == "1", "the loan is")
        wait(lambda: there("SELECT count(*) >= 3 FROM tier_campaigns_connect") == "t", "the triggers are")
        for title, query in QUESTIONS:
            say(f"\n{title}:\n  {query}")
            say("\n".join(f"    {line}" for line in sql(query).splitlines()))
        say("\nC001 is erased:")
        send(ERASE)
        wait(lambda: there("SELECT count(*) FROM tier_current_connect") == "2", "C001 is gone")
        wait(lambda: there("SELECT count(*) FROM tier_erasures_connect") == "1", "the erasure is told")
        void = (
            "DELETE FROM tier_changes_connect USING tier_erasures_connect AS erased WHERE"
            " tier_changes_connect.customer_id = erased.customer_id AND sequence <= erased.last_sequence"
        )
        sql(void)
        say(f"  {void}")
        say(sql("SELECT string_agg(customer_id, ' ' ORDER BY customer_id) FROM tier_current_connect"))
        say("\ntierflow audit")
        subprocess.run([TIERFLOW, "audit"], check=True, env=environment)


if __name__ == "__main__":
    main()
