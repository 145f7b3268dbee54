"""A container's configuration as an OCI runtime spec, and whether it can be had. Pure."""

from boxship.runtime.spec.build import MASKED_PATHS, READONLY_PATHS, build_spec
from boxship.runtime.spec.check import check
from boxship.runtime.spec.features import HostFeatures
from boxship.runtime.spec.input import DeviceNode, Prepared, SpecInput
from boxship.runtime.spec.process import build_exec_process
from boxship.runtime.spec.settle import settle

__all__ = [
    "MASKED_PATHS",
    "READONLY_PATHS",
    "DeviceNode",
    "HostFeatures",
    "Prepared",
    "SpecInput",
    "build_exec_process",
    "build_spec",
    "check",
    "settle",
]
