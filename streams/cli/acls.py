"""`tierflow acls`: prints what gives a role its rights on Kafka: commands of kafka-acls.sh, or a KafkaUser."""

from typing import Annotated

import typer

from streams.cli.strimzi import As, AuthenticationType, ClusterName, strimzi_cluster
from streams.errors import UsageError
from streams.settings import Settings


def acls(  # noqa: PLR0913, PLR0917 - a command's options
    role: Annotated[list[str], typer.Option(help="Such as worker, producer, deliver; once for each: roles add up.")],
    principal: Annotated[str, typer.Option(metavar="TYPE:NAME", help="Whom they are for, such as User:tierflow.")],
    host: Annotated[str, typer.Option(help="The only host that they are for; * is any.")] = "*",
    group: Annotated[list[str] | None, typer.Option(metavar="ID", help="A reader's consumer group.")] = None,
    transactional_id: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="A producer's transactional id.")
    ] = None,
    command_config: Annotated[
        str, typer.Option(metavar="FILE", help="How kafka-acls.sh connects, as an administrator.")
    ] = "",
    remove: Annotated[bool, typer.Option("--remove", help="Take the rights away instead.")] = False,
    as_: As = None,
    cluster: ClusterName = None,
    authentication: AuthenticationType = "tls",
) -> None:
    """Print the commands of kafka-acls.sh that give the rights of these roles; run them as an administrator.

    Topics, groups and transactional ids are those of the settings. What each right is for: deploy/kafka-acls.md.
    """
    from streams.kafka.acls import Grant, commands
    from streams.kafka.rights.right import Right, rights_of
    from streams.kafka.rights.roles import ROLES

    unknown = [name for name in role if name not in ROLES]
    if unknown:
        raise UsageError(f"--role is {unknown[0]!r}; write one of {', '.join(ROLES)}")
    if not all(principal.partition(":")):
        raise UsageError(f"--principal is {principal!r}; write type and name, such as User:tierflow-worker")
    settings = Settings.from_environment()
    rights = rights_of(row for name in role for row in ROLES[name](settings))
    rights += [Right("READ", "group", name) for name in group or ()]
    rights += [Right("WRITE", "transactional id", name) for name in transactional_id or ()]
    to = strimzi_cluster(as_, cluster, authentication)
    if to is not None:
        from streams.kafka.strimzi import as_yaml, user_manifest

        if remove or command_config:
            raise UsageError("--remove and --command-config are for kafka-acls.sh; leave them out with --as strimzi")
        typer.echo(as_yaml([user_manifest(principal.partition(":")[2], rights, to, host)]), nl=False)
        return
    for line in commands(rights, Grant(settings.bootstrap_servers, principal, host, command_config, remove)):
        typer.echo(line)
