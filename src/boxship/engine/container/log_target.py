"""Where a container's log lies and how it is kept."""

from boxship.engine.engine import Engine
from boxship.lib.ids import short_id
from boxship.lib.logframe import LogTarget
from boxship.model.container import ContainerRecord
from boxship.storage.logs.options import log_attributes, parse_log_options


def log_path(engine: Engine, record: ContainerRecord) -> str:
    """The file that is written now."""
    folder = engine.config.container_folder(record.id)
    if record.host.log_config.type == "json-file":
        return f"{folder}/{record.id}-json.log"
    return f"{folder}/container.log"


def log_target(engine: Engine, record: ContainerRecord) -> LogTarget:
    """The log of one container, its options understood. BoxshipError for a value that is none, in Docker's words."""
    driver = record.host.log_config.type
    options = record.host.log_config.config or {}
    attributes = log_attributes(
        options,
        labels=record.config.labels or {},
        environment=dict(entry.split("=", 1) for entry in record.config.env or () if "=" in entry),
        tag_fields={
            "ID": short_id(record.id),
            "FullID": record.id,
            "Name": record.name,
            "ImageID": short_id(record.image_id),
            "ImageFullID": record.image_id,
            "ImageName": record.config.image,
            "DaemonName": "boxship",
        },
    )
    return parse_log_options(driver, options, log_path(engine, record), attributes)
