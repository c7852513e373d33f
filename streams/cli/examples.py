"""The examples that `--help` of a command ends with."""

from typing import Final

EXAMPLES: Final = {
    "acls": ("tierflow acls --role worker --principal User:tierflow",),
    "audit": (
        "tierflow audit",
        "tierflow audit --customer C001",
        "tierflow audit --start upgrade.json",
    ),
    "console": ("tierflow console", "TIERFLOW_HTTP_URL=http://worker:6066 tierflow console"),
    "demo": ("tierflow demo", "tierflow demo --seconds 45 --events 5000"),
    "explain": (
        "tierflow explain C001",
        "tierflow explain C001 --lang zh-TW",
        "tierflow explain C001 --policy next.toml --events events.jsonl",
    ),
    "export": ("tierflow export ./parquet", "tierflow export ./parquet --as-of 2026-11-30"),
    "policy check": ("tierflow policy check ours.toml", "tierflow policy check ours.toml --lang zh-TW"),
    "policy publish": (
        "tierflow policy publish ours.toml",
        "tierflow policy publish ours.toml --yes --without-currency RMB",
    ),
    "simulate": (
        "tierflow simulate --policy ours.toml --events events.jsonl",
        "tierflow simulate --policy ours.toml --compare next.toml --from-kafka --picture moves.svg",
        "tierflow simulate --policy ours.toml --compare next.toml --events events.jsonl --lang zh-TW",
        "tierflow simulate --policy ours.toml --compare next.toml --events events.jsonl --list low:mid",
    ),
    "watch": ("tierflow watch", "tierflow watch --lang zh-TW", "tierflow watch --all --from-beginning --limit 10"),
    "worker": ("tierflow worker", "TIERFLOW_HTTP_PORT=0 TIERFLOW_DATA_DIR=/tmp/second tierflow worker"),
}
"""By command: lines to copy."""


def epilog(command: str) -> str:
    """Gives the last paragraphs of a command's help, a line each."""
    return "\n\n".join(("Such as", *EXAMPLES[command]))
