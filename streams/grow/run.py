"""The whole growth, from a look at everything to partitions that may be worked again."""

from collections.abc import Callable

from aiokafka.errors import KafkaError

from streams.errors import UsageError, named
from streams.grow.deliveries import begin_new_partitions, check_delivered
from streams.grow.finish import finish
from streams.grow.ground import Ground, check_still, look
from streams.grow.marks import mark_former, mark_new
from streams.grow.moves import move_budgets, move_customers
from streams.kafka.changelog import ChangelogError
from streams.kafka.permitted import check_rights
from streams.kafka.policies import read_known_policies
from streams.kafka.producers import BATCH_BYTES, TransactionFailedError
from streams.kafka.topics import raise_partitions
from streams.kafka.transactional import FAILURES, TransactionalProducer
from streams.policy.policy import Policy
from streams.settings import Settings
from streams.stages.worked import worked_stages

_CUT_OFF = (KafkaError, TransactionFailedError, ChangelogError, OSError, *FAILURES)


async def grow(settings: Settings, policy: Policy, partitions: int, say: Callable[[str], None]) -> None:
    """Raises all topics to so many partitions, and moves what belongs elsewhere then. It may be called again.

    policy: that of TIERFLOW_POLICY. say: called with a sentence about each step.

    Raises:
        UsageError: It is not possible, or it was cut off; the message says why, and what to do.
    """
    await check_rights(settings, "grow")
    customers, budgets, *others = worked_stages(settings, policy, partitions)
    if with_states := [stage for stage in others if not stage.elastic]:
        raise UsageError(f"the stage {with_states[0].name} has states that nobody knows how to move: see streams/grow")
    try:
        ground = await look(settings, (customers, budgets), partitions)
        if all(map(ground.is_finished, range(partitions))):
            say(f"there are {partitions} partitions, and the state was made under them: nothing to do")
            return
        for note in await check_still(ground):
            say(f"note: {note}")
        await check_delivered(ground)
        await _grow(ground, policy, say)
    except _CUT_OFF as error:
        raise UsageError(
            f"the growth was cut off: {named(error)}; nothing is lost, no worker starts meanwhile; it "
            f"goes on with: tierflow topics grow --partitions {partitions}"
        ) from error


async def _grow(ground: Ground, policy: Policy, say: Callable[[str], None]) -> None:
    settings, after = ground.settings, ground.after
    await raise_partitions(settings, ground.shared, after, only_ask=True)
    await mark_former(ground)
    say(f"{ground.before} partitions are kept from workers")
    await raise_partitions(settings, ground.shared, after)
    ground = ground.with_more_partitions()
    say(f"all topics have {after} partitions")
    producer = TransactionalProducer(
        settings.client_options(), f"{settings.transactional_ids}growth", linger_ms=0, max_batch_size=BATCH_BYTES
    )
    await producer.start()
    try:
        await mark_new(ground, producer)
        await begin_new_partitions(ground)
        customers, budgets = await move_customers(ground, producer), await move_budgets(ground, producer)
        say(f"moved: {customers:,} customers, {budgets:,} records of budgets")
        in_force = (await read_known_policies(settings)).in_force
        await finish(ground, producer, in_force or policy.digest)
    finally:
        await producer.close()
    say(f"finished: {after} partitions; workers may start")
