"""The outputs of one partition of customers, held against what the replay says that they should hold."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from streams.audit.comparison import Comparison
from streams.audit.current import CurrentComparison, Newest
from streams.audit.cut import Cut, output
from streams.audit.granted import has_budget
from streams.audit.report import Verdict
from streams.audit.shared import AuditRun
from streams.audit.subjects import SUBJECTS
from streams.contracts.sealed import CONTEXTS
from streams.partition.work import (
    CAMPAIGNS,
    CANDIDATES,
    CHANGES,
    CURRENT,
    DEAD_LETTERS,
    ERASURES,
    MERGES,
    ORDER,
    RISK,
    Message,
)
from streams.stages.placing import place_of_campaigns, place_of_customers


class PartitionOutputs:
    """What one partition wrote, as far as the cut reaches. ends: by topic, where the starting point ends."""

    def __init__(self, run: AuditRun, cut: Cut, ends: Mapping[str, int]) -> None:
        self._run = run
        self._cut = cut
        self._number = cut.partition
        self._tapes = {
            name: run.tape(output(run.settings, name, cut.partition), span, self._kept_of(name), _opened(run, name))
            for name, span in cut.outputs.items()
        }
        self.order = self._tapes[ORDER]
        add, only = run.report.add, run.only
        self._comparisons = {
            name: Comparison(SUBJECTS[name], tape, add, only, ends.get(tape.tp.topic, 0))
            for name, tape in self._tapes.items()
            if name in SUBJECTS
        }
        self._current = CurrentComparison(self._tapes[CURRENT], add, only)

    async def close(self) -> None:
        """Closes all that is read."""
        for tape in self._tapes.values():
            await tape.close()

    # --- what is looked at ---

    def _kept_of(self, name: str) -> Callable[[Any], bool] | None:
        """Gives which records of an output are looked at here; None: all."""
        if name == CAMPAIGNS:
            return self._is_lanes_trigger
        return None if name == ORDER or self._run.only is None else self._is_audited

    def _is_audited(self, record: Any) -> bool:
        return self._run.only is None or record.key == self._run.only

    def _is_lanes_trigger(self, record: Any) -> bool:
        """Says whether a trigger is of an audited customer, and a lane of customers wrote it.

        One that a budget granted is passed on to the audit of budgets.
        """
        if not self._is_audited(record):
            return False
        is_granted = has_budget(record.value, self._run.policies)
        if is_granted and self._run.granted is not None:
            self._run.granted.see(self._number, record)
        return not is_granted

    # --- what is expected ---

    async def expect(
        self, written: Mapping[str, Sequence[Message]], partitions: int, transaction: int, *, required: bool
    ) -> list[Verdict]:
        """Compares the records that a transaction should have written; gives the verdicts on its tier changes.

        partitions: how many there were then. required: whether all of it has to be there; what a transaction after the
        cut wrote need not.
        """
        self._expect_elsewhere(written, partitions, required=required)
        verdicts: dict[str, list[Verdict]] = {}
        for name, comparison in self._comparisons.items():
            if written[name]:
                verdicts[name] = await comparison.expect(written[name], transaction, required=required)
        if required:
            self._current.expect(written[CURRENT])
        else:
            self._current.explain(written[CURRENT])
        return verdicts.get(CHANGES, [])

    def _expect_elsewhere(self, written: Mapping[str, Sequence[Message]], partitions: int, *, required: bool) -> None:
        """Notes what a transaction should have written to topics that several partitions write to."""
        run = self._run
        if run.candidates is not None:
            for candidate in written[CANDIDATES]:
                where = place_of_campaigns()(candidate.key or b"", partitions)
                run.candidates.expect(candidate, self._number, where, required=required)
        if run.handed_on is not None:
            place = place_of_customers(run.settings)
            for message in written[MERGES]:
                where = place(message.key or b"", partitions)
                run.handed_on.expect(message, self._number, where, required=required)

    async def are_exhausted(self) -> bool:
        """Says whether nothing is left in the outputs that a later transaction might explain."""
        exhausted = [await comparison.is_exhausted() for comparison in self._comparisons.values()]
        return all(exhausted) and self._current.is_exhausted

    # --- more partitions ---

    def leave(self, keys: Iterable[bytes]) -> dict[bytes, Newest]:
        """Takes out what `tier.current` should hold of customers who move to another partition."""
        return self._current.leave(keys)

    def join(self, newest: Mapping[bytes, Newest]) -> None:
        """Takes in what `tier.current` should hold of customers who come from another partition."""
        self._current.join(newest)

    # --- the end ---

    async def read_current(self) -> None:
        """Reads `tier.current`, which is compared as a whole. To be called once all is replayed."""
        await self._current.read()

    async def finish(self) -> None:
        """Compares what is left."""
        for comparison in self._comparisons.values():
            await comparison.finish()
        self._current.finish()

    def count(self) -> None:
        """Adds to the report what was compared."""
        report, found = self._run.report, self._comparisons
        report.changes += found[CHANGES].compared
        report.triggers += found[CAMPAIGNS].compared
        report.risks += found[RISK].compared
        report.erasures += found[ERASURES].compared
        report.dead_letters += found[DEAD_LETTERS].compared
        report.customers += self._current.compared

    def note_skipped(self) -> None:
        """Notes in the report where records were deleted before they could be compared."""
        for name, comparison in self._comparisons.items():
            if comparison.skipped:
                topic = self._run.settings.output_topic(name)
                self._run.report.notes.append(
                    f"{topic} partition {self._number} reaches back to offset {self._cut.outputs[name].beginning}: "
                    f"{comparison.skipped} older records were deleted and could not be compared"
                )


def _opened(run: AuditRun, name: str) -> Callable[[Any], Any] | None:
    """Gives what opens the records of an output; None where they are never sealed."""
    return run.opener.record if name in CONTEXTS else None
