"""`tierflow worker`: one worker; start more to share the partitions."""

import asyncio
import socket
from dataclasses import replace

from streams.engine.compile import load_policy
from streams.engine.policy import Policy, PolicyError
from streams.errors import UsageError
from streams.settings import Settings

PARTITIONS = 4


def worker() -> None:
    """Work on the input topics until SIGTERM or SIGINT; start more workers to share the partitions."""
    from streams.logs import set_up_logging
    from streams.run import run_worker

    settings = with_http_port(Settings.from_environment())
    policy = policy_of(settings)
    set_up_logging()
    partitions, policies = asyncio.run(_prepare(settings, policy))
    run_worker(settings, policy, partitions, policies)


def policy_of(settings: Settings) -> Policy:
    """The policy file of the settings, compiled; UsageError names the file and what is wrong."""
    try:
        return load_policy(settings.policy.read_text(encoding="utf-8"))
    except (PolicyError, UnicodeDecodeError) as error:
        raise UsageError(f"TIERFLOW_POLICY, {settings.policy}: {error}") from error


def with_http_port(settings: Settings) -> Settings:
    """Puts in a port that can be listened on: the one asked for must be free; 0, or a taken default, gives any."""
    wanted = settings.http_port
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.http_host, wanted))
        except OSError as error:
            if settings.http_port_given and wanted:
                raise UsageError(
                    f"TIERFLOW_HTTP_PORT: {settings.http_host}:{wanted} cannot be listened on ({error.strerror}); "
                    "write another port, or 0 for any free one"
                ) from error
            listener.bind((settings.http_host, 0))
        return replace(settings, http_port=listener.getsockname()[1])


async def _prepare(settings: Settings, policy: Policy) -> tuple[int, dict[int, Policy]]:
    """Topics made or checked, the policy known by its digest: the partition count, all policies by mark."""
    from streams.kafka.policies import publish_policy, read_policies
    from streams.kafka.topics import check_topics, ensure_topics

    await ensure_topics(settings, PARTITIONS)
    documents = await read_policies(settings)
    if policy.digest not in documents:
        await publish_policy(settings, policy)
    known = [load_policy(document) for document in documents.values()]
    return await check_topics(settings), {policy.mark: policy, **{former.mark: former for former in known}}
