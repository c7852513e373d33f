"""`tierflow topics create / check / grow`: makes the topics, checks them, or gives them more partitions."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli.strimzi import As, AuthenticationType, ClusterName, strimzi_cluster
from streams.settings import Settings

if TYPE_CHECKING:
    from streams.kafka.strimzi import Cluster

app = typer.Typer(help="Make or check the topics, or give them more partitions.", no_args_is_help=True)

PARTITIONS = 4


@app.command()
def create(
    partitions: Annotated[
        int | None,
        typer.Option(
            min=1, help=f"Of every input and output; {PARTITIONS}, or as many as the topics have that are there."
        ),
    ] = None,
    replication: Annotated[int, typer.Option(min=1, help="Copies of every partition; production: 3.")] = 1,
    as_: As = None,
    cluster: ClusterName = None,
    authentication: AuthenticationType = "tls",
) -> None:
    """Make what is missing, and check what is there; or print all of it for Strimzi, with the users of the programs."""
    to = strimzi_cluster(as_, cluster, authentication)
    if to is not None:
        _print_manifests(to, partitions or PARTITIONS, replication)
        return
    made, there = asyncio.run(_create(Settings.from_environment(), partitions, replication))
    typer.echo(f"made {', '.join(made)}, with {there} partitions" if made else "all topics are there, and fit")


@app.command()
def check() -> None:
    """Check that the topics are there and fit; exit status 2 and a sentence for each that does not."""
    partitions = asyncio.run(_check(Settings.from_environment()))
    typer.echo(f"all topics are there, with {partitions} partitions, and fit")


@app.command()
def grow(
    partitions: Annotated[int, typer.Option(min=1, help="Of every input and output, from now on.")],
) -> None:
    """Raise the number of partitions and move the customers, with all workers stopped; can be cut off and called again.

    What has to stand still, and what readers of the outputs see: docs/operations.md#more-partitions.
    """
    from streams.grow.run import grow as grow_to
    from streams.settings import read_policy_file

    settings = Settings.from_environment()
    policy = read_policy_file(settings.policy, "TIERFLOW_POLICY")
    asyncio.run(grow_to(settings, policy, partitions, typer.echo))


def _print_manifests(cluster: "Cluster", partitions: int, replication: int) -> None:
    from streams.cli.intake_run import mapping_with_topics
    from streams.kafka.strimzi import Size, app_manifests, as_yaml
    from streams.stages.sources import topics_of

    settings = Settings.from_environment()
    sources = topics_of(mapping_with_topics(settings)) if settings.sources.is_file() else None
    manifests = app_manifests(settings, cluster, Size(partitions, replication), sources)
    typer.echo(as_yaml(manifests), nl=False)


async def _create(settings: Settings, partitions: int | None, replication: int) -> tuple[list[str], int]:
    """Gives the topics that were made, and how many partitions there are."""
    from streams.kafka.intake_topics import ensure_intake_topics
    from streams.kafka.permitted import check_rights
    from streams.kafka.topics import check_partitions, ensure_topics
    from streams.kafka.unchanged import check_unchanged

    await check_rights(settings, "topics")
    if partitions is not None:
        await check_partitions(settings, partitions)
    await check_unchanged(settings)
    made = await ensure_topics(settings, partitions or PARTITIONS, replication)
    if settings.accounts:
        made += (await ensure_intake_topics(settings, {}, replication)).made
    return made, await _check(settings)


async def _check(settings: Settings) -> int:
    from streams.kafka.intake_topics import ensure_intake_topics
    from streams.kafka.permitted import check_rights
    from streams.kafka.retention import retention_notes
    from streams.kafka.topics import check_topics
    from streams.kafka.unchanged import check_unchanged

    await check_rights(settings, "topics")
    await check_unchanged(settings)
    partitions = await check_topics(settings)
    if settings.accounts:
        await ensure_intake_topics(settings, {}, makes=False)
    for note in await retention_notes(settings):
        typer.echo(f"note: {note}", err=True)
    return partitions
