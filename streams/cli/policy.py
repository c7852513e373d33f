"""`tierflow policy …`: checks policy files."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.errors import UsageError

if TYPE_CHECKING:
    from streams.policy_check.check import Finding

app = typer.Typer(help="The rules: check a policy file.", no_args_is_help=True)


@app.callback()
def _policy() -> None:
    """The rules as files (docs/policies.md)."""


@app.command()
def check(file: Annotated[Path, typer.Argument(metavar="FILE", help="A policy file.")]) -> None:
    """Say what is wrong with a policy file, line and field, or what it does; exit status 1 if it cannot be used."""
    from streams.policy_check.check import check as check_policy
    from streams.policy_check.words import in_words

    report = check_policy(_text_of(file))
    for finding in report.errors:
        typer.echo(_told(file, finding))
    for finding in report.warnings:
        typer.echo(_told(file, finding, "warning: "))
    if report.policy is None or report.file is None:
        typer.echo(f"{_count(len(report.errors), 'error')}; the policy cannot be used")
        raise typer.Exit(1)
    typer.echo(in_words(report.policy, report.file))


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}; name a policy file") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is no text in UTF-8; save it as that") from error


def _told(file: Path, finding: "Finding", kind: str = "") -> str:
    field = f", {finding.field}" if finding.field else ""
    return f"{file}, line {finding.line}{field}: {kind}{finding.message}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
