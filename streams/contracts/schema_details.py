"""What the schemas say beyond the Python types: the forms of texts, sets of words, fields that depend on each other."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from streams.contracts import inputs, outputs
from streams.contracts.rejection import RejectionReason
from streams.engine.outcomes import AlertReason, Direction, Group, Reason
from streams.policy.campaigns import CampaignKind
from streams.policy.loans import LoanOutcome, Stricter

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_MONEY: Schema = {
    "type": "string",
    "pattern": r"^-?[0-9]+\.[0-9]{2,4}$",
    "description": "a decimal with 2 to 4 decimals, rounded half up",
}
_FIGURE: Schema = {
    "type": "string",
    "pattern": r"^-?[0-9]+(\.[0-9]{2,4})?$",
    "description": "an amount with 2 to 4 decimals, rounded half up; a count or a score may have none",
}
_TIME: Schema = {
    "type": "string",
    "format": "date-time",
    "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{3})?[+-][0-9]{2}:[0-9]{2}$",
    "description": "RFC 3339, with the offset of the policy's time zone",
}
_CURRENCY: Schema = {"type": "string", "pattern": "^[A-Z]{3}$", "description": "ISO 4217: the policy's currency"}
_OFFSET: Schema = {"type": "integer", "minimum": 0}
_POSITIONS: Schema = {
    "type": "object",
    "additionalProperties": _OFFSET,
    "description": "for every input topic, the last offset of this partition that was applied",
}
_DIGEST: Schema = {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"}
_BASE64: Schema = {"anyOf": [{"type": "string", "contentEncoding": "base64"}, {"type": "null"}]}
_FIRST_BYTES: Schema = {
    "type": "string",
    "contentEncoding": "base64",
    "description": "the first bytes of what is too large to be handed on whole",
}
_SIZE: Schema = {"type": "integer", "minimum": 0, "description": "how many bytes there were"}
_NULL: Schema = {"type": "null"}
_GIVEN: Schema = {"not": _NULL}
_POLICY: Schema = {"$ref": "#/$defs/PolicyName"}


def _given(*fields: str) -> Schema:
    """Demands that the fields are there and not null."""
    return {"required": list(fields), "properties": dict.fromkeys(fields, _GIVEN)}


def _null(*fields: str) -> Schema:
    """Demands that the fields, if there, are null."""
    return {"properties": dict.fromkeys(fields, _NULL)}


def _or_null(schema: Schema, description: str) -> Schema:
    plain = {name: part for name, part in schema.items() if name != "description"}
    return {"anyOf": [plain, _NULL], "description": description}


def _absent(*fields: str) -> Schema:
    """Demands that none of the fields is there. Strict validators want a required field to be among the properties."""
    return {"not": {"anyOf": [{"required": [field], "properties": {field: True}} for field in fields]}}


def _where(field: str, words: Sequence[str], then: Schema) -> Schema:
    """Demands a schema if a field has one of these words."""
    return {"if": {"required": [field], "properties": {field: {"enum": list(words)}}}, "then": then}


def _others(words: Any, *without: str) -> list[str]:
    """Gives the words of a Literal type but some."""
    return [word for word in get_args(words) if word not in without]


# By type, by field: the schema that replaces the one that msgspec makes of the field.
_SHARE: Schema = {
    "description": "a decimal from 0, as a string (a JSON number is read exactly)",
    "anyOf": [
        {"type": "string", "pattern": r"^[0-9]{1,9}(\.[0-9]{1,12})?$"},
        {"type": "number", "minimum": 0, "exclusiveMaximum": 10**9},
    ],
    "examples": ["0.5"],
}

FIELDS: Mapping[type, Mapping[str, Schema]] = {
    inputs.JointMessage: {"share": {**_SHARE, "description": "a decimal from 0 to 1, as a string or a JSON number"}},
    inputs.OwnerMessage: {"share": {"anyOf": [_SHARE, {"type": "null"}], "default": None}},
    outputs.TierChangeMessage: {
        "id": {"type": "string", "description": "customer_id:sequence"},
        "sequence": {"type": "integer", "minimum": 1, "description": "counts a customer's changes without gaps"},
        "direction": {"enum": list(get_args(Direction))},
        "reason": {"enum": list(get_args(Reason))},
        "decided_at": _TIME,
        "value": {"anyOf": [_MONEY, {"type": "null"}], "description": "null where there are several measures"},
        "currency": _CURRENCY,
        "policy": _POLICY,
        "strategy": {"$ref": "#/$defs/Strategy"},
        "positions": _POSITIONS,
    },
    outputs.WithoutRate: {"currency": {**_CURRENCY, "description": "ISO 4217"}, "assets": _MONEY, "loans": _MONEY},
    outputs.Components: {"assets": _MONEY, "activity": _MONEY, "credit": _MONEY},
    outputs.Condition: {"at_least": _FIGURE},
    outputs.NextTier: {
        "missing": {"anyOf": [_MONEY, {"type": "null"}], "description": "null where the tier has several floors"}
    },
    outputs.PolicyName: {"digest": _DIGEST},
    outputs.Strategy: {
        "services": {"type": "array", "items": {"$ref": "#/$defs/Service"}},
        "granted": {"type": "array", "items": _TEXT, "description": "ids of services that the former tier had not"},
        "withdrawn": {"type": "array", "items": _TEXT, "description": "ids of services that this tier has no more"},
    },
    outputs.CauseMessage: {"partition": _OFFSET, "offset": _OFFSET},
    outputs.CampaignMessage: {
        "id": {"type": "string", "description": "customer_id:campaign:occasion; the occasion is period or sequence"},
        "campaign": {"type": "string", "description": "its id in the policy file"},
        "kind": {"enum": list(get_args(CampaignKind))},
        "sequence": {
            "type": "integer",
            "minimum": 1,
            "description": "counts the customer's occasions of this campaign; what a budget refuses leaves a gap",
        },
        "tier": {"type": "string", "description": "the one that is served at that moment"},
        "group": {"enum": list(get_args(Group)), "description": "who acts on held_out must not"},
        "triggered_at": _TIME,
        "period": _or_null({"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}$"}, "the month that it is for"),
        "amount": _or_null(_MONEY, "of a gift or cash back; rounded down to the minor unit of the currency"),
        "currency": _CURRENCY,
        "missing": _or_null(
            _MONEY, "to the next tier (near_tier), to keep this one (at_risk), to the floor (fee_alert)"
        ),
        "due": _or_null(_TIME, "by when (near_tier, at_risk)"),
        "policy": _POLICY,
    },
    outputs.LoanRiskMessage: {
        "id": {"type": "string", "description": "customer_id:loan_id:decision, or customer_id:loan_id:alert:number"},
        "kind": {"enum": ["decision", "alert"]},
        "outcome": {"enum": list(get_args(LoanOutcome)), "description": "of a decision: the strictest condition met"},
        "customer": {
            "enum": ["known", "new"],
            "description": "of a decision; new: nothing was known of the customer before this application",
        },
        "reason": {"enum": list(get_args(AlertReason)), "description": "of an alert"},
        "tier": {"type": "string", "description": "the one that is served at that moment"},
        "amount": {**_MONEY, "description": "of the loan, in its own currency"},
        "currency": {**_CURRENCY, "description": "ISO 4217: the loan's currency"},
        "decided_at": _TIME,
        "monitored_until": _or_null(_TIME, "null where the loan is not watched"),
        "cause": {"$ref": "#/$defs/CauseMessage"},
        "policy": _POLICY,
        "positions": _POSITIONS,
    },
    outputs.RiskCondition: {
        "measure": {
            "type": "string",
            "examples": ["amount", "standing", "fresh_assets", "volatile_assets", "assets"],
            "description": "may get more words",
        },
        "is": {"type": "string", "description": "an amount in the policy's currency, a part of 1, or a standing"},
        **dict.fromkeys(("at_least", "more_than", "at_most"), _FIGURE),
        "equals": _TEXT,
        "tier": {"type": "string", "description": "whose limit it is"},
        "outcome": {"enum": list(get_args(Stricter)), "description": "what the loan is if it is met"},
    },
    outputs.ErasureMessage: {
        "id": {"type": "string", "description": "customer_id:erased:time, in epoch milliseconds"},
        "erased_at": {**_TIME, "description": "the own time of the erase: what is not later is forgotten"},
        "decided_at": _TIME,
        "last_sequence": {
            "type": "integer",
            "minimum": 0,
            "description": "of the last tier change before it; 0: there was none",
        },
        "cause": {"$ref": "#/$defs/CauseMessage"},
        "positions": _POSITIONS,
    },
    outputs.PolicyMessage: {
        "version": {"type": "integer", "minimum": 1},
        "digest": _DIGEST,
        "document": {"type": "string", "description": "the file as it was put to use: TOML"},
    },
    outputs.InForceMessage: {"digest": {**_DIGEST, "description": "of the policy that is in force from here on"}},
    outputs.Service: {
        "name": {"type": "object", "additionalProperties": _TEXT, "description": "by language"},
        "valid_from": {"type": "string", "format": "date", "description": "the first day, if there is one"},
        "valid_until": {"type": "string", "format": "date", "description": "the last day, if it is known"},
    },
    outputs.DeadLetterMessage: {
        "partition": _OFFSET,
        "offset": _OFFSET,
        "key_base64": _BASE64,
        "value_base64": _BASE64,
        "key_first_base64": _FIRST_BYTES,
        "key_bytes": _SIZE,
        "key_sha256": _DIGEST,
        "value_first_base64": _FIRST_BYTES,
        "value_bytes": _SIZE,
        "value_sha256": _DIGEST,
        "reason": {"type": "string", "examples": list(get_args(RejectionReason)), "description": "may get more words"},
        "at": _TIME,
    },
    outputs.GrownMessage: {
        "before": {"type": "integer", "minimum": 1},
        "after": {"type": "integer", "minimum": 1},
        "candidates": _OFFSET,
    },
    outputs.OrderMessage: {
        "clock": {"enum": ["wall", "event"]},
        "policy": _DIGEST,
        "positions": {
            "type": "object",
            "additionalProperties": {"type": "array", "prefixItems": [_OFFSET, _OFFSET], "minItems": 2, "maxItems": 2},
            "description": "by input topic: the first offset worked, and the one after the last",
        },
    },
}
# By type: what is added to the schema of the whole, for fields that depend on each other.
WHOLE: Mapping[type, Schema] = {
    inputs.TransactionMessage: {
        "if": {"required": ["reverses"], "properties": {"reverses": {"type": "string"}}},
        "then": _given("reversed_at"),
    },
    inputs.CustomerMessage: {
        "if": {"required": ["action"], "properties": {"action": {"const": "pin"}}},
        "then": _given("tier", "until", "reason", "by"),
    },
    outputs.CampaignMessage: {
        "allOf": [
            _where("kind", ["cash_back"], _given("amount")),
            _where("kind", ["near_tier", "fee_alert"], _given("missing")),
            _where("kind", ["at_risk"], _given("due")),
            _where("kind", _others(CampaignKind, "gift", "cash_back"), _null("amount")),
            _where("kind", _others(CampaignKind, "near_tier", "at_risk", "fee_alert"), _null("missing")),
            _where("kind", _others(CampaignKind, "near_tier", "at_risk"), _null("due")),
            _where("kind", _others(CampaignKind, "cash_back", "fee_alert"), _null("period")),
        ]
    },
    outputs.LoanRiskMessage: {
        "oneOf": [
            {
                "title": "Decision",
                "required": ["outcome", "customer"],
                "properties": {
                    "kind": {"const": "decision"},
                    "outcome": True,
                    "customer": True,
                    "id": {"type": "string", "pattern": ":decision$"},
                },
                **_absent("reason"),
                **_where("outcome", ["standard"], _null("monitored_until")),
            },
            {
                "title": "Alert",
                "required": ["reason"],
                "properties": {
                    "reason": True,
                    "kind": {"const": "alert"},
                    "id": {"type": "string", "pattern": ":alert:[1-9][0-9]*$"},
                    "monitored_until": _TIME,
                },
                **_absent("outcome", "customer"),
            },
        ]
    },
    outputs.InForceMessage: _absent("document"),
    outputs.RiskCondition: {
        "required": ["measure", "is", "met"],
        "anyOf": [
            {"required": [field], "properties": {field: True}}
            for field in ("at_least", "more_than", "at_most", "equals")
        ],
    },
}
