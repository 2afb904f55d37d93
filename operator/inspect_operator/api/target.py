"""Where a task runs: in a pod, on nodes, on hosts that are reached by SSH."""

from typing import Annotated

import pydantic

from inspect_operator.api import fields


class Credentials(fields.Strict):
    """As whom to log in by SSH."""

    port: fields.Port | None = pydantic.Field(None, description="Port of the SSH server. Default 22.")
    user: fields.User | None = pydantic.Field(None, description="User to log in as. Default root.")
    passwordFrom: fields.SecretValue | None = pydantic.Field(None, description="The user's password.")  # noqa: N815
    privateKeyFrom: fields.SecretValue | None = pydantic.Field(  # noqa: N815
        None, description="The user's private key, in OpenSSH or PEM format."
    )
    passphraseFrom: fields.SecretValue | None = pydantic.Field(  # noqa: N815
        None, description="Passphrase of the private key."
    )


class Login(Credentials):
    """Where and as whom to log in by SSH."""

    address: fields.Address = pydantic.Field(description="IP address or DNS name, as seen from the task's pod.")


class Host(Login):
    """One machine that is reached by SSH; what it doesn't say is taken from ssh."""

    name: fields.Address | None = pydantic.Field(None, description="Name in the results; without it the address.")
    jumpHost: Login | None = pydantic.Field(None, description="Reached through this machine.")  # noqa: N815


class Ssh(Credentials):
    """How hosts are reached: what stands here holds for all of them."""

    jumpHost: Login | None = pydantic.Field(None, description="Reached through this machine.")  # noqa: N815
    knownHostsFrom: fields.FileValue | None = pydantic.Field(  # noqa: N815
        None, description="Keys of the hosts, as in a known_hosts file. A host with another key is refused."
    )
    trustOnFirstUse: bool | None = pydantic.Field(  # noqa: N815
        None,
        description="Accept hosts that known_hosts does not name, and tell their fingerprint in the result. "
        "Default false.",
    )
    parallelism: Annotated[int, pydantic.Field(ge=1, le=64)] | None = pydantic.Field(
        None, description="How many hosts are inspected at once. Default 10."
    )
    connectTimeout: fields.Duration | None = pydantic.Field(  # noqa: N815
        None, description="How long connecting and logging in may take. Default 10s."
    )
    runTimeout: fields.Duration | None = pydantic.Field(  # noqa: N815
        None, description="How long the script may take on one host. Default: the task's timeout."
    )


class PodTarget(fields.Strict):
    """One pod; there is nothing more to say."""


class NodesTarget(fields.Strict):
    """Every node that fits, each with a run and a result of its own; nodes that join later are inspected too."""

    selector: fields.Selector | None = pydantic.Field(None, description="Labels of the nodes; without it all nodes.")
    tolerations: fields.Tolerations | None = pydantic.Field(
        None, description="Nodes with other taints (NoSchedule, NoExecute) are left out."
    )


class Target(fields.Strict):
    """Where a task runs: exactly one of pod, nodes, hosts."""

    model_config = pydantic.ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "x-kubernetes-validations": [
                {
                    "rule": "[has(self.pod), has(self.nodes), has(self.hosts)].filter(x, x).size() == 1",
                    "message": "a target is exactly one of pod, nodes, hosts",
                }
            ]
        },
    )
    pod: PodTarget | None = pydantic.Field(None, description="In one pod.")
    nodes: NodesTarget | None = pydantic.Field(None, description="On every node that fits.")
    hosts: list[Host] | None = pydantic.Field(
        None, min_length=1, max_length=fields.MAX_HOSTS, description="On machines that are reached by SSH."
    )
