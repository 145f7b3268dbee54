"""What a container may not ask for; the wording is Docker's."""

import pytest

from boxship.engine.container.validate import extra_host, validate
from boxship.lib.errors import InvalidParameter
from boxship.model.config import ContainerConfig, HealthConfig, HostConfig, RestartPolicy

FINE = HostConfig()


@pytest.mark.parametrize(
    ("config", "host", "message"),
    [
        (
            ContainerConfig(working_dir="rel"),
            FINE,
            "the working directory 'rel' is invalid, it needs to be an absolute path",
        ),
        (ContainerConfig(stop_signal="FOO"), FINE, "invalid signal: FOO"),
        (ContainerConfig(env=["A=1", "=x"]), FINE, "invalid environment variable: =x"),
        (ContainerConfig(env=[""]), FINE, "invalid environment variable: "),
        (
            ContainerConfig(healthcheck=HealthConfig(start_interval=5)),
            FINE,
            "StartInterval in Healthcheck cannot be less than 1ms",
        ),
        (ContainerConfig(healthcheck=HealthConfig(retries=-1)), FINE, "Retries in Healthcheck cannot be negative"),
        (
            ContainerConfig(),
            HostConfig(auto_remove=True, restart_policy=RestartPolicy(name="always")),
            "can't create 'AutoRemove' container with restart policy",
        ),
        (
            ContainerConfig(),
            HostConfig(restart_policy=RestartPolicy(name="foo")),
            "invalid restart policy: unknown policy 'foo'; "
            "use one of 'no', 'always', 'on-failure', or 'unless-stopped'",
        ),
        (
            ContainerConfig(),
            HostConfig(restart_policy=RestartPolicy(name="always", maximum_retry_count=2)),
            "invalid restart policy: maximum retry count can only be used with 'on-failure'",
        ),
        (
            ContainerConfig(),
            HostConfig(restart_policy=RestartPolicy(name="on-failure", maximum_retry_count=-2)),
            "invalid restart policy: maximum retry count cannot be negative",
        ),
    ],
)
def test_refused(config: ContainerConfig, host: HostConfig, message: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        validate(config, host)
    assert caught.value.message == message


def test_accepted() -> None:
    validate(
        ContainerConfig(working_dir="/x", stop_signal="SIGRTMIN+3", env=["A", "B="]),
        HostConfig(restart_policy=RestartPolicy(name="on-failure", maximum_retry_count=3), auto_remove=False),
    )


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("foo", 'bad format for add-host: "foo"'),
        (":1.2.3.4", 'bad format for add-host: ":1.2.3.4"'),
        ("foo:", 'invalid IP address in add-host: ""'),
        ("foo:[::1]", 'invalid IP address in add-host: "[::1]"'),
    ],
)
def test_bad_extra_hosts(entry: str, message: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        extra_host(entry)
    assert caught.value.message == message
