"""Tools for Kafka that workers and commands share: reading back, committing, topics, and a local broker.

    partition -> offsets (where it begins and ends) -> tape, follow, changelog -> records
    records   -> producers, redelivery -> transactional (all or nothing)       -> partitions

`transactional.py` is the one producer that begins transactions; `epochs.py` and `protocol_2.py` have requests of its
own, `lost_ends.py` ends what a broker has left open. `topics.py` and `intake_topics.py` know all topics,
`partitioner.py` places keys, `policies.py` reads and writes `tier.policies`, `dead_letters.py` reads letters back,
`refusals.py` says why we are not let in. `rights` is the table of rights by role; `permitted.py` asks for them,
`acls.py` and `strimzi.py` write them. `local.py` runs a real broker. `unpacking.py` bounds what batches become,
`checked_batches.py` checks them, `answers.py` takes in answers.

What may live here: whatever asks a broker or starts one. What a record holds belongs in `contracts`, lanes in `worker`.

May be imported here: `contracts`, `errors`, `partition`, `policy`, `sealing`, `security`, `settings`, `signals`,
`tables`.
"""

from streams.kafka.answers import take_answers_in_whole
from streams.kafka.unnamed_brokers import wait_for_names
from streams.kafka.unpacking import bound_unpacking

bound_unpacking()
take_answers_in_whole()
wait_for_names()
