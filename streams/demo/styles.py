"""The styles of messages on a terminal, in rich's words."""

STYLES = {
    "upgrade": "bold green",
    "downgrade": "bold red",
    "initial": "cyan",
    "enhanced": "bold yellow",
    "refer": "bold red",
    "alert": "magenta",
    "erased": "bold",
}
"""By the direction of a tier change, by the verdict on a loan, or that a customer is erased."""
