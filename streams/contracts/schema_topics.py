"""Which messages the schema of each topic describes. Structs alone."""

from typing import NamedTuple

from streams.contracts import inputs, outputs


class Topic(NamedTuple):
    """One topic's schema: under its default name, the messages that it describes; a value is one of them."""

    name: str
    messages: tuple[type, ...]
    title: str


TOPICS = (
    Topic("bank.transactions", (inputs.TransactionMessage,), "Transaction"),
    Topic("bank.balances", (inputs.BalanceMessage,), "Balance"),
    Topic("bank.credit", (inputs.CreditMessage,), "Credit standing"),
    Topic("bank.loans", (inputs.LoanMessage,), "Loan application"),
    Topic("bank.customers", (inputs.CustomerMessage,), "Customer action"),
    Topic("bank.accounts", (inputs.AccountMessage,), "Owners of an account"),
    Topic("bank.rates", (inputs.RateMessage,), "Exchange rate of a day"),
    Topic("tier.changes", (outputs.TierChangeMessage,), "Tier change"),
    Topic("tier.current", (outputs.TierChangeMessage,), "Newest tier change of a customer"),
    Topic("tier.campaigns", (outputs.CampaignMessage,), "Campaign trigger"),
    Topic("tier.risk", (outputs.LoanRiskMessage,), "Loan decision or alert"),
    Topic("tier.erasures", (outputs.ErasureMessage,), "Erasure of a customer"),
    Topic("tier.order", (outputs.OrderMessage,), "Order of work"),
    Topic("tier.policies", (outputs.PolicyMessage, outputs.InForceMessage), "Policy, or which one is in force"),
    Topic("tier.dead-letters", (outputs.DeadLetterMessage,), "Dead letter"),
    Topic("tier.source-dead-letters", (outputs.SourceDeadLetterMessage,), "Dead letter of a source"),
)
