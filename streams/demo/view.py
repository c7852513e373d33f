"""The views of the demo: a live view on a terminal, plain lines elsewhere, and the summary at the end."""

from collections import Counter
from collections.abc import Callable
from decimal import ROUND_UP, Decimal

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from streams.audit.report import Report
from streams.contracts.display import move_of, verdict_of, what_is_offered, why_changed, why_decided
from streams.contracts.shown import ShownChange, ShownRisk, ShownTrigger
from streams.demo.figures import NEWEST_SHOWN, Figures
from streams.demo.run import Outcome
from streams.demo.styles import STYLES
from streams.languages.writing import grouped
from streams.policy.policy import Policy
from streams.values.money import format_value

LINE_EVERY_S = 3.0
CHANGES_A_LINE = 3
# A terminal of at least so many columns has room for each tier's floor, long bars, and what the next tier lacks.
WIDE_COLUMNS = 110
BARS = {True: 32, False: 16}
OUTCOMES = ("standard", "enhanced", "refer", "alert")


class LinesView:
    """A view of plain lines, for pipes and logs: the figures every `LINE_EVERY_S`, then the newest decisions."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._next_at_s = 0.0
        self._shown: set[str] = set()
        self._write = write

    def say(self, text: str) -> None:
        """Writes a line."""
        self._write(text)

    def begin(self, url: str, _: Policy) -> None:
        """Writes the address of the console page."""
        self.say(f"live events flow; console page: {url}")
        self._next_at_s = LINE_EVERY_S

    def show(self, figures: Figures, seconds: float) -> None:
        """Writes the figures and the newest decisions, if it is time for them."""
        if seconds < self._next_at_s:
            return
        self._next_at_s = seconds + LINE_EVERY_S
        tiers = ", ".join(f"{tier} {count}" for tier, count in reversed(figures.customers_by_tier.items()))
        self.say(
            f"{seconds:4.0f} s  {tiers}; {'; '.join(f'{name} {total}' for name, total in _totals(figures, seconds))}"
        )
        for change in list(figures.newest)[:CHANGES_A_LINE]:
            self._say_cells(_cells(change))
        for trigger in figures.newest_triggers.values():
            if trigger.id not in self._shown:
                self._say_cells(
                    [*_when_and_who(trigger.triggered_at, trigger), trigger.campaign, what_is_offered(trigger)]
                )
        for risk in figures.newest_risks.values():
            if risk.id not in self._shown:
                self._say_cells(
                    [*_when_and_who(risk.decided_at, risk), f"loan: {verdict_of(risk)}", *_loan_cells(risk)]
                )
        self._shown = {trigger.id for trigger in figures.newest_triggers.values()}
        self._shown |= {risk.id for risk in figures.newest_risks.values()}

    def _say_cells(self, cells: list[str]) -> None:
        self.say("        " + "  ".join(cell for cell in cells if cell))

    def end(self) -> None:
        """Does nothing: lines need no end."""


class LiveView:
    """A view that redraws the whole picture each time figures are shown."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live: Live | None = None
        self._url = ""
        self._policy: Policy

    def say(self, text: str) -> None:
        """Prints a dim line."""
        self._console.print(text, style="dim", markup=False, highlight=False)

    def begin(self, url: str, policy: Policy) -> None:
        """Opens the live picture."""
        self._url, self._policy = url, policy
        self._live = Live(console=self._console, auto_refresh=False)
        self._live.start()

    def show(self, figures: Figures, seconds: float) -> None:
        """Draws the picture anew, once it is open."""
        if self._live is not None:
            self._live.update(self._picture(figures, seconds), refresh=True)

    def end(self) -> None:
        """Closes the live picture; the last one stays on the terminal."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _picture(self, figures: Figures, seconds: float) -> RenderableType:
        head = Text.assemble(
            ("tierflow", "bold"),
            f"  policy {self._policy.name}, {seconds:.0f} s  ",
            ("console page ", "dim"),
            (self._url, f"underline link {self._url}"),
            ("  ctrl-C ends it", "dim"),
            no_wrap=True,
            overflow="crop",
        )
        is_wide = self._console.width >= WIDE_COLUMNS
        upper = Table.grid(padding=(0, 6 if is_wide else 4))
        upper.add_row(_tiers(figures, self._policy, is_wide=is_wide), _totals_table(figures, seconds))
        campaigns, loans = _campaigns(figures, self._policy), _loans(figures)
        parts: list[RenderableType] = [head, upper, Text(), campaigns, Text(), loans, Text()]
        # Two lines more: the head of the table of changes, and one at the end for the cursor.
        taken = len(self._console.render_lines(Group(*parts))) + 2
        room = min(max(self._console.height - taken, 1), NEWEST_SHOWN)
        return Group(*parts, _changes(figures, room, is_wide=is_wide))


def _tiers(figures: Figures, policy: Policy, *, is_wide: bool) -> Table:
    table = Table.grid(padding=(0, 2))
    total = sum(figures.customers_by_tier.values())
    for tier in reversed(policy.tiers):
        count = figures.customers_by_tier.get(tier.id, 0)
        share = count / total if total else 0
        floor = "" if tier.enter is None else f"from {grouped(format_value(tier.enter.at_least_e16))}"
        bar = ProgressBar(total=1, completed=share, width=BARS[is_wide])
        cells = (Text(f"{count:,}", justify="right"), bar, Text(f"{share:.0%}", justify="right"))
        table.add_row(Text(tier.id, "bold"), *[Text(floor, "dim")] * is_wide, *cells)
    return table


def _totals_table(figures: Figures, seconds: float) -> Table:
    table = Table.grid(padding=(0, 2))
    for name, total in _totals(figures, seconds):
        table.add_row(Text(name, "dim"), Text(total))
    return table


def _table(*columns: str, right: tuple[str, ...] = ()) -> Table:
    """Makes a table without borders and with one line a row: where room is short, only the last column is cut."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold dim")
    for name in columns:
        table.add_column(name, justify="right" if name in right else "left", no_wrap=name != columns[-1])
    return table


def _last(text: str) -> Text:
    return Text(text, no_wrap=True, overflow="ellipsis")


def _campaigns(figures: Figures, policy: Policy) -> Table:
    """Makes a row for each campaign that was triggered: how often, and the newest trigger."""
    table = _table("campaign", "so far", "newest", "customer", "what", right=("so far",))
    for campaign in policy.campaigns:
        newest = figures.newest_triggers.get(campaign.id)
        if newest is not None:
            at, customer = _when_and_who(newest.triggered_at, newest)
            count = f"{figures.triggers[campaign.id]:,}"
            table.add_row(campaign.id, count, Text(at, "dim"), customer, _last(what_is_offered(newest)))
    return table


def _loans(figures: Figures) -> Table:
    """Makes a row for each outcome of loan applications that has come, and one for alerts."""
    table = _table("loan", "so far", "newest", "customer", "amount", "why", right=("so far", "amount"))
    counts = {**figures.loans, "alert": figures.alerts.total()}
    for outcome in OUTCOMES:
        newest = figures.newest_risks.get(outcome)
        if newest is not None:
            at, customer = _when_and_who(newest.decided_at, newest)
            name = Text(outcome, STYLES.get(outcome, ""))
            amount, why = _loan_cells(newest)
            table.add_row(name, f"{counts[outcome]:,}", Text(at, "dim"), customer, amount, _last(why))
    return table


def _changes(figures: Figures, room: int, *, is_wide: bool) -> Table:
    columns = ["tier change", "newest", "customer", "value", "why", "missing to the next tier"]
    table = _table(*columns[: 6 if is_wide else 5], right=("value",))
    for change in list(figures.newest)[:room]:
        at, customer, move, *rest = _cells(change)
        style = STYLES.get(change.direction, "")
        *cells, last = rest if is_wide else rest[:-1]
        table.add_row(Text(move, style), Text(at, "dim"), customer, *cells, _last(last))
    return table


def _totals(figures: Figures, seconds: float) -> list[tuple[str, str]]:
    moves = figures.directions
    rate = figures.worked / seconds if seconds else 0
    return [
        ("events", f"{figures.worked:,} ({rate:,.0f} a second)"),
        ("changes", f"{moves.total():,} ({moves['upgrade']:,} up, {moves['downgrade']:,} down)"),
        ("dead letters", f"{figures.dead_letters.total():,}"),
        ("delay", _delay(figures)),
    ]


def _when_and_who(at: str, message: ShownChange | ShownTrigger | ShownRisk) -> list[str]:
    return [at[11:19], message.customer_id]


def _cells(change: ShownChange) -> list[str]:
    """Gives the cells of a change: when, who, from which tier to which, the value, why, what the next tier lacks."""
    value = "" if change.value is None else f"{grouped(change.value)} {change.currency}"
    above = change.next_tier
    missing = ""
    if (
        above is not None and above.missing is not None and Decimal(above.missing) > 0
    ):  # with 0 missing, only the credit standing is in the way
        missing = f"{grouped(above.missing, ROUND_UP)} to {above.tier}"
    return [*_when_and_who(change.decided_at, change), move_of(change), value, why_changed(change), missing]


def _loan_cells(risk: ShownRisk) -> list[str]:
    """Gives the cells of a loan: how much, and why it was decided so."""
    return [f"{grouped(risk.amount)} {risk.currency}", why_decided(risk)]


def _delay(figures: Figures) -> str:
    half, most = figures.delay_ms(0.5), figures.delay_ms(0.99)
    return "none measured yet" if half is None else f"p50 {half} ms, p99 {most} ms"


def summary(outcome: Outcome) -> list[str]:
    """Writes the summary of a demo, in lines."""
    figures, report = outcome.figures, outcome.report
    moves = figures.directions
    rate = figures.sent / outcome.seconds if outcome.seconds else 0
    applied = figures.sent - figures.dead_letters.total() - outcome.sent_twice
    held_out = figures.held_out.total()
    rows = [
        ("history", _history(outcome.history)),
        ("events", f"{figures.sent:,} in {outcome.seconds:.1f} s ({rate:,.0f} a second), all worked"),
        ("of these", f"{applied:,} applied, {outcome.sent_twice:,} came twice and changed nothing"),
        ("dead letters", _listed(figures.dead_letters)),
        ("customers", _listed(Counter(figures.customers_by_tier))),
        ("tier changes", f"{moves['initial']:,} first, {moves['upgrade']:,} up, {moves['downgrade']:,} down"),
        ("reasons", _listed(figures.reasons)),
        ("campaigns", _listed(figures.triggers) + (f"; {held_out:,} held out" if held_out else "")),
        ("loans", _listed(figures.loans)),
        ("loan alerts", _listed(figures.alerts)),
        ("delay", f"{_delay(figures)}, from an event to its committed tier change"),
        ("audit", _audit(report)),
        ("compared", _compared(report)),
    ]
    return [f"{name:<13} {figure}" for name, figure in rows]


def _audit(report: Report) -> str:
    verdict = f"{report.differences:,} DIFFERENCES" if report.differences else "clean"
    return f"{verdict}: {report.events:,} events replayed in {report.seconds:.1f} s"


def _compared(report: Report) -> str:
    return (
        f"{report.changes:,} changes, {report.triggers:,} campaign triggers, {report.risks:,} loan messages, "
        f"{report.dead_letters:,} dead letters"
    )


def _history(history: Figures) -> str:
    customers, triggers = history.directions["initial"], history.triggers.total()
    return (
        f"{history.sent:,} events of {customers:,} customers, worked first: {triggers or 'no'} campaigns came of them"
    )


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.most_common()) or "none"
