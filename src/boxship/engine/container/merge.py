"""What an image says and what a person says, made one config (pure)."""

import msgspec

from boxship.model.config import ContainerConfig, HealthConfig
from boxship.model.container import words


def merge(given: ContainerConfig, image: ContainerConfig) -> ContainerConfig:
    """`given` wins. Lists and maps are united, single values replaced, and the image's command goes with the image's
    entrypoint: another entrypoint drops it.
    """
    entrypoint, command = words(given.entrypoint), words(given.cmd)
    if not entrypoint:
        if not command:
            command = words(image.cmd)
        if given.entrypoint is None:
            entrypoint = words(image.entrypoint)
    return msgspec.structs.replace(
        given,
        user=given.user or image.user,
        exposed_ports=_united(image.exposed_ports, given.exposed_ports),
        env=_environment(given.env, image.env),
        labels={**(image.labels or {}), **(given.labels or {})},
        entrypoint=_entrypoint(given.entrypoint, entrypoint),
        cmd=command or None,
        healthcheck=_health(given.healthcheck, image.healthcheck),
        working_dir=given.working_dir or image.working_dir,
        volumes=_united(image.volumes, given.volumes) or None,
        stop_signal=given.stop_signal or image.stop_signal,
        stop_timeout=image.stop_timeout if given.stop_timeout is None else given.stop_timeout,
        shell=given.shell or image.shell,
        on_build=given.on_build,
    )


def _entrypoint(given: list[str] | str | None, entrypoint: list[str]) -> list[str] | None:
    """None for no entrypoint. An empty list that was given stays; one empty word, as `docker run --entrypoint ""`
    sends it, takes the image's entrypoint away.
    """
    if entrypoint == [""] or (not entrypoint and given is None):
        return None
    return entrypoint


def _united(
    below: dict[str, dict[str, object]] | None, above: dict[str, dict[str, object]] | None
) -> dict[str, dict[str, object]] | None:
    return {**below, **(above or {})} if below else above


def _environment(given: list[str] | None, image: list[str] | None) -> list[str] | None:
    """What was given, then what the image adds to it."""
    if not given:
        return image or given
    named = {entry.partition("=")[0] for entry in given}
    return [*given, *(entry for entry in image or [] if entry.partition("=")[0] not in named)]


def _health(given: HealthConfig | None, image: HealthConfig | None) -> HealthConfig | None:
    if given is None or image is None:
        return given or image
    return HealthConfig(
        test=given.test or image.test,
        interval=given.interval or image.interval,
        timeout=given.timeout or image.timeout,
        start_period=given.start_period or image.start_period,
        start_interval=given.start_interval or image.start_interval,
        retries=given.retries or image.retries,
    )
