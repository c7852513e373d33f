"""The topics and the kinds of messages in each, for the AsyncAPI document. Structs alone."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from streams.contracts import inputs, outputs
from streams.contracts.schema_details import Schema

_CUSTOMER_KEY: Schema = {"type": "string", "description": "the customer_id as UTF-8, byte for byte"}
_LETTER_KEY: Schema = {"type": ["string", "null"], "description": "the input's own key, whatever it is"}


class Sample(NamedTuple):
    """A real message, as an example in the document.

    message: the name of its Kind. value: the JSON as Python values; None: a tombstone.
    """

    message: str
    title: str
    key: bytes | None
    headers: Mapping[str, str]
    value: Any


class Kind(NamedTuple):
    """A kind of message.

    type: the struct of its value; None: a tombstone. event_type: its ce_type; None: it has no headers. only: a further
    schema that narrows that of the type.
    """

    name: str
    title: str
    type: type | None
    key: Schema = _CUSTOMER_KEY
    event_type: str | None = None
    only: Schema | None = None


class Channel(NamedTuple):
    """A topic under its default name, and the kinds of messages that it holds."""

    topic: str
    title: str
    kinds: Sequence[Kind]


_CHANGED = Kind("tierChanged", "A tier changed", outputs.TierChangeMessage, event_type=outputs.CHANGE_TYPE)

CHANNELS = (
    Channel(
        "bank.transactions",
        "Transactions",
        [Kind("transactionMade", "A transaction", inputs.TransactionMessage)],
    ),
    Channel("bank.balances", "Balances", [Kind("balanceReported", "A balance", inputs.BalanceMessage)]),
    Channel("bank.credit", "Credit standing", [Kind("creditRated", "A credit standing", inputs.CreditMessage)]),
    Channel("bank.loans", "Loan applications", [Kind("loanApplied", "A loan application", inputs.LoanMessage)]),
    Channel(
        "bank.customers",
        "Actions for customers",
        [Kind("customerAction", "An action for a customer", inputs.CustomerMessage)],
    ),
    Channel(
        "bank.accounts",
        "Owners of accounts",
        [
            Kind(
                "accountOwned",
                "Who owns an account",
                inputs.AccountMessage,
                key={"type": "string", "description": "the account_id as UTF-8, byte for byte"},
            )
        ],
    ),
    Channel(
        "bank.rates",
        "Exchange rates",
        [
            Kind(
                "rateQuoted",
                "The rate of a day",
                inputs.RateMessage,
                key={"type": "string", "description": "any; nothing is read of it"},
            )
        ],
    ),
    Channel("tier.changes", "Tier changes", [_CHANGED]),
    Channel(
        "tier.current",
        "The newest tier change of every customer, compacted",
        [_CHANGED, Kind("customerForgotten", "A customer was erased", None)],
    ),
    Channel(
        "tier.campaigns",
        "Campaign triggers",
        [
            Kind(
                "campaignTriggered",
                "A campaign is to act for a customer, or, held out, is not",
                outputs.CampaignMessage,
                event_type=outputs.TRIGGER_TYPE,
            )
        ],
    ),
    Channel(
        "tier.risk",
        "Risk decisions and alerts",
        [
            Kind(
                "loanDecided",
                "A loan application is decided",
                outputs.LoanRiskMessage,
                event_type=outputs.DECISION_TYPE,
                only={"properties": {"kind": {"const": "decision"}}},
            ),
            Kind(
                "loanAlerted",
                "A loan that is watched has become worse",
                outputs.LoanRiskMessage,
                event_type=outputs.ALERT_TYPE,
                only={"properties": {"kind": {"const": "alert"}}},
            ),
        ],
    ),
    Channel(
        "tier.erasures",
        "Erasures of customers",
        [
            Kind(
                "customerErased",
                "A customer is to be forgotten",
                outputs.ErasureMessage,
                event_type=outputs.ERASED_TYPE,
            )
        ],
    ),
    Channel(
        "tier.order",
        "The order of work, a record a transaction",
        [Kind("batchWorked", "A transaction's work", outputs.OrderMessage, key={"type": "null"})],
    ),
    Channel(
        "tier.policies",
        "Policies by digest, and which one is in force, compacted",
        [
            Kind(
                "policyKnown",
                "A policy as it was put to use",
                outputs.PolicyMessage,
                key={"type": "string", "pattern": "^sha256:", "description": "the digest"},
            ),
            Kind(
                "policyInForce",
                "Which policy is in force",
                outputs.InForceMessage,
                key={"type": "string", "const": outputs.IN_FORCE},
            ),
        ],
    ),
    Channel(
        "tier.dead-letters",
        "Inputs that could not be used",
        [Kind("deadLetter", "An input that could not be used", outputs.DeadLetterMessage, key=_LETTER_KEY)],
    ),
    Channel(
        "tier.source-dead-letters",
        "Records of sources that could not be mapped",
        [
            Kind(
                "sourceDeadLetter",
                "A record of a source that could not be mapped",
                outputs.SourceDeadLetterMessage,
                key=_LETTER_KEY,
            )
        ],
    ),
)
