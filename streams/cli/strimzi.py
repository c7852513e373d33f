"""The options of commands that print resources of Strimzi."""

from typing import TYPE_CHECKING, Annotated, cast

import typer

from streams.errors import UsageError

if TYPE_CHECKING:
    from streams.kafka.strimzi import Authentication, Cluster

As = Annotated[
    str | None, typer.Option("--as", metavar="strimzi", help="Print resources of Strimzi instead; no broker is asked.")
]
ClusterName = Annotated[
    str | None, typer.Option("--cluster", metavar="NAME", help="Strimzi: the Kafka resource that they belong to.")
]
AuthenticationType = Annotated[
    str, typer.Option("--authentication", metavar="TYPE", help="Strimzi: how users come in, tls or scram-sha-512.")
]


def strimzi_cluster(as_: str | None, cluster: str | None, authentication: str) -> "Cluster | None":
    """Gives the cluster that resources are for; None: they are not asked for.

    Raises:
        UsageError: An option says what cannot be.
    """
    from streams.kafka.strimzi import Cluster

    if as_ is None:
        if cluster is not None:
            raise UsageError("--cluster is for --as strimzi; write both, or none")
        return None
    if as_ != "strimzi":
        raise UsageError(f"--as is {as_!r}; write strimzi, or leave it out")
    if not cluster:
        raise UsageError("--as strimzi needs --cluster; write the name of the Kafka resource")
    if authentication not in ("tls", "scram-sha-512"):
        raise UsageError(f"--authentication is {authentication!r}; write tls or scram-sha-512")
    return Cluster(cluster, cast("Authentication", authentication))
