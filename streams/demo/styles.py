"""How messages are marked on a terminal."""

STYLES = {
    "upgrade": "bold green",
    "downgrade": "bold red",
    "initial": "cyan",
    "enhanced": "bold yellow",
    "refer": "bold red",
    "alert": "magenta",
}
"""By a direction, or by what a loan is."""
