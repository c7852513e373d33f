"""The stream of events of the made-up bank: some a second, or as many as are asked for."""

import asyncio
import json
import random
from datetime import timedelta
from itertools import count

from aiohttp import web

from console.stand_in.bank import Bank, when

MOVES = [
    (None, "basic"),
    ("basic", "silver"),
    ("basic", "silver"),
    ("silver", "gold"),
    ("silver", "basic"),
    ("gold", "silver"),
    ("gold", "platinum"),
]
TICK_S = 0.1


async def send(request: web.Request, bank: Bank, rate: float, *, named: bool, bounded: bool) -> web.StreamResponse:
    """Sends changes at a rate a second. bounded: at most 200 a second go out, and the others are counted."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
    await response.prepare(request)
    some, numbers, owed = random.Random(1), count(1), 0.0
    while request.transport is not None and not request.transport.is_closing():
        owed += rate * TICK_S
        due, owed = int(owed), owed - int(owed)
        sent = min(due, 20) if bounded else due
        events = [_event(some, next(numbers), bank, named=named) for _ in range(sent)]
        if due > sent:
            events.append(f'event: skipped\ndata: {{"count": {due - sent}}}\n\n')
        try:
            await response.write("".join(events).encode() or b": still here\n\n")
        except ConnectionResetError:
            break
        await asyncio.sleep(TICK_S)
    return response


def _event(some: random.Random, number: int, bank: Bank, *, named: bool) -> str:
    before, after = some.choice(MOVES)
    direction = "initial" if before is None else "upgrade" if bank.rank(after) > bank.rank(before) else "downgrade"
    customer = f"C{some.randrange(1, 60):03}"
    message = {
        "direction": direction,
        "previous_tier": before,
        "tier": after,
        "earned_tier": after,
        "reason": {"initial": "first_event", "upgrade": "threshold_crossed"}.get(direction, "grace_ended"),
        "decided_at": when(timedelta()),
        "value": None,
        "currency": "TWD",
    }
    if named:
        message |= {"id": f"{customer}:{number}", "customer_id": customer}
    return f"id: {number}\nevent: tier\ndata: {json.dumps(message)}\n\n"
