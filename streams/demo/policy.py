"""The demo's own policy: standard.toml, changed so that a campaign that waits for days there comes at once."""

from pathlib import Path

from streams.errors import UsageError

STANDARD = "standard.toml"
NOTE = f"policy demo: {STANDARD}, but nobody is waited for: not 3 days near mid value, nor a minute after a first event"
# Lines of standard.toml, each of which it has once, and what the demo's file has instead.
_OTHER_LINES = {
    'name = "standard"': 'name = "demo"',
    "for_days = 3": "for_days = 0",
    'id = "welcome-mid"': 'id = "welcome-mid"\nsettles_seconds = 0',
    'id = "welcome-high"': 'id = "welcome-high"\nsettles_seconds = 0',
}


def write_demo_policy(standard: Path, into: Path) -> Path:
    """Writes the demo's policy into a folder, and gives the path of the file.

    Raises:
        UsageError: standard.toml has a line that is to be replaced not at all, or several times.
    """
    lines = standard.read_text(encoding="utf-8").splitlines()
    for line, other in _OTHER_LINES.items():
        if (found := lines.count(line)) != 1:
            raise UsageError(
                f"{standard}: the demo puts {other} in the place of the line {line}, which is there {found} times, not "
                "once; write it so, or try the file with: tierflow simulate"
            )
    path = into / "demo.toml"
    changed = [f"# {NOTE}", *(_OTHER_LINES.get(line, line) for line in lines)]
    path.write_text("\n".join(changed) + "\n", encoding="utf-8")
    return path
