"""What the demo shows: a live view on a terminal, plain lines elsewhere, and the summary at the end."""

from collections import Counter
from collections.abc import Callable
from decimal import ROUND_UP

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from streams.audit.report import Report
from streams.demo.figures import Figures, SeenChange, grouped
from streams.demo.run import Outcome
from streams.engine.money import format_value
from streams.engine.policy import Policy

LINE_EVERY_S = 3.0
CHANGES_A_LINE = 3
BAR_COLUMNS = 32
_STYLES = {"upgrade": "bold green", "downgrade": "bold red", "initial": "cyan"}


class LinesView:
    """Plain lines, for pipes and logs: the figures every 3 seconds, and the newest tier changes under them."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._next_at_s = 0.0
        self._write = write

    def say(self, text: str) -> None:
        """A line."""
        self._write(text)

    def begin(self, url: str, _: Policy) -> None:
        """The address of the console page."""
        self.say(f"live events flow; console page: {url}")
        self._next_at_s = LINE_EVERY_S

    def show(self, figures: Figures, seconds: float) -> None:
        """A line of figures, when it is time."""
        if seconds < self._next_at_s:
            return
        self._next_at_s = seconds + LINE_EVERY_S
        tiers = ", ".join(f"{tier} {count}" for tier, count in reversed(figures.customers_by_tier.items()))
        self.say(
            f"{seconds:4.0f} s  {tiers}; {'; '.join(f'{name} {told}' for name, told in _totals(figures, seconds))}"
        )
        for change in list(figures.newest)[:CHANGES_A_LINE]:
            self.say("        " + "  ".join(cell for cell in _cells(change) if cell))

    def end(self) -> None:
        """Nothing is left open."""


class LiveView:
    """The whole picture, drawn anew four times a second."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live: Live | None = None
        self._url = ""
        self._policy: Policy

    def say(self, text: str) -> None:
        """A dim line."""
        self._console.print(text, style="dim", markup=False, highlight=False)

    def begin(self, url: str, policy: Policy) -> None:
        """Opens the picture."""
        self._url, self._policy = url, policy
        self._live = Live(console=self._console, auto_refresh=False)
        self._live.start()

    def show(self, figures: Figures, seconds: float) -> None:
        """Draws it."""
        if self._live is not None:
            self._live.update(self._picture(figures, seconds), refresh=True)

    def end(self) -> None:
        """Leaves the last picture standing."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _picture(self, figures: Figures, seconds: float) -> RenderableType:
        head = Text.assemble(
            ("tierflow", "bold"),
            f"  policy {self._policy.name}, {seconds:.0f} s   ",
            ("console page ", "dim"),
            (self._url, f"underline link {self._url}"),
            ("   ctrl-C ends it", "dim"),
        )
        upper = Table.grid(padding=(0, 6))
        upper.add_row(_tiers(figures, self._policy), _totals_table(figures, seconds))
        return Group(Text(), head, Text(), upper, Text(), _changes(figures))


def _tiers(figures: Figures, policy: Policy) -> Table:
    table = Table.grid(padding=(0, 2))
    total = sum(figures.customers_by_tier.values())
    for tier in reversed(policy.tiers):
        count = figures.customers_by_tier.get(tier.id, 0)
        share = count / total if total else 0
        floor = "" if tier.enter is None else f"from {grouped(format_value(tier.enter.at_least_e16))}"
        bar = ProgressBar(total=1, completed=share, width=BAR_COLUMNS)
        percent = Text(f"{share:.0%}", justify="right")
        table.add_row(Text(tier.id, "bold"), Text(floor, "dim"), Text(f"{count:,}", justify="right"), bar, percent)
    return table


def _totals_table(figures: Figures, seconds: float) -> Table:
    table = Table.grid(padding=(0, 2))
    for name, told in _totals(figures, seconds):
        table.add_row(Text(name, "dim"), Text(told))
    return table


def _changes(figures: Figures) -> Table:
    columns = ("newest changes", "customer", "change", "value", "why", "missing to the next tier")
    table = Table(*columns, box=SIMPLE_HEAD, pad_edge=False)
    table.columns[3].justify = "right"
    for change in figures.newest:
        at, customer, move, *rest = _cells(change)
        table.add_row(Text(at, "dim"), customer, Text(move, _STYLES.get(change.direction, "")), *map(Text, rest))
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


def _cells(change: SeenChange) -> list[str]:
    """When, who, from where to where, the value, why, and what is missing to the next tier."""
    value = "" if change.value is None else f"{grouped(change.value)} {change.currency}"
    above = change.next_tier
    missing = "" if above is None or above.missing is None else f"{grouped(above.missing, ROUND_UP)} to {above.tier}"
    move = f"{change.previous_tier or 'new'} -> {change.tier}"
    return [change.decided_at[11:19], change.customer_id, move, value, change.why(), missing]


def _delay(figures: Figures) -> str:
    half, most = figures.delay_ms(0.5), figures.delay_ms(0.99)
    return "none measured yet" if half is None else f"p50 {half} ms, p99 {most} ms"


def summary(outcome: Outcome) -> list[str]:
    """The end of it, in lines."""
    figures, report = outcome.figures, outcome.report
    moves = figures.directions
    rate = figures.sent / outcome.seconds if outcome.seconds else 0
    applied = figures.sent - figures.dead_letters.total() - outcome.sent_twice
    rows = [
        ("events", f"{figures.sent:,} in {outcome.seconds:.1f} s ({rate:,.0f} a second), all worked"),
        ("of these", f"{applied:,} applied, {outcome.sent_twice:,} came twice and changed nothing"),
        ("dead letters", f"{figures.dead_letters.total():,}{_listed(figures.dead_letters)}"),
        ("customers", _listed(Counter(figures.customers_by_tier)).removeprefix(": ") or "none"),
        ("tier changes", f"{moves['initial']:,} first, {moves['upgrade']:,} up, {moves['downgrade']:,} down"),
        ("reasons", _listed(figures.reasons).removeprefix(": ") or "none"),
        ("delay", f"{_delay(figures)}, from an event to its committed tier change"),
        ("audit", _audit(report)),
    ]
    return [f"{name:<13} {told}" for name, told in rows]


def _audit(report: Report) -> str:
    verdict = f"{report.differences:,} DIFFERENCES" if report.differences else "clean"
    return (
        f"{verdict}: {report.events:,} events replayed in {report.seconds:.1f} s, "
        f"{report.changes:,} changes and {report.dead_letters:,} dead letters compared"
    )


def _listed(counts: Counter[str]) -> str:
    return ": " + ", ".join(f"{name} {count:,}" for name, count in counts.most_common()) if counts else ""
