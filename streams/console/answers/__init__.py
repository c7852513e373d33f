"""The console's answers and the bodies that it takes. Structs alone: docs/openapi.json is made of them.

    handlers in bank.py -> structs in answers/bank.py -> openapi.py -> docs/openapi.json

Each module is named as that of the handlers whose answers and bodies it has; `session` is what `operating.py` answers.
Times are RFC 3339 in the offset of the policy's time zone, money decimal text, names by language as the policy gives
them. Null means that something is not known, or that there is none.

What may live here: the form of an answer, and what may stand in a body. How an answer is made belongs to its handler.

May be imported here: `security`.
"""
