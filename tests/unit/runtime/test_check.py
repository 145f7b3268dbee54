"""What `docker create` answers: the messages are Docker 28.5's where it has one."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from boxship.lib.errors import BoxshipError, InvalidParameter, Unsupported
from boxship.model.config import ContainerConfig, HostConfig
from boxship.runtime.spec import check
from tests.unit.runtime.build import FEATURES, config, host

LACKING = replace(
    FEATURES,
    memory_limit=False,
    swap_limit=False,
    memory_reservation=False,
    memory_swappiness=False,
    oom_kill_disable=False,
    kernel_memory_tcp=False,
    cpu_shares=False,
    cpu_cfs=False,
    cpu_realtime=False,
    cpuset=False,
    block_weight=False,
    block_weight_device=False,
    block_throttle=False,
    pids_limit=False,
    cgroup_namespaces=False,
)


def warnings(features: Any = FEATURES, **fields: Any) -> list[str]:
    return check(config(), host(**fields), features, exists=lambda path: True)


def refused(kind: type[Exception] = InvalidParameter, features: Any = FEATURES, **fields: Any) -> str:
    container = {name: fields.pop(name) for name in list(fields) if name in ("Hostname", "Volumes")}
    with pytest.raises(kind) as caught:
        check(config(**container), host(**fields), features, exists=lambda path: path != "/nope")
    assert type(caught.value) is kind
    return str(caught.value)


def test_nothing_special_has_no_warning():
    assert warnings() == []


MEBIBYTE = 1 << 20


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"Memory": 1000}, "Minimum memory limit allowed is 6MB"),
        ({"Memory": -5}, "Minimum memory limit allowed is 6MB"),
        (
            {"Memory": 8000000, "MemorySwap": 7000000},
            "Minimum memoryswap limit should be larger than memory limit, see usage",
        ),
        (
            {"MemorySwap": 70000000},
            "You should always set the Memory limit when using Memoryswap limit, see usage",
        ),
        ({"MemorySwappiness": 101}, "Invalid value: 101, valid memory swappiness range is 0-100"),
        ({"MemorySwappiness": -2}, "Invalid value: -2, valid memory swappiness range is 0-100"),
        ({"MemoryReservation": 1000}, "Minimum memory reservation allowed is 6MB"),
        (
            {"Memory": 8000000, "MemoryReservation": 9000000},
            "Minimum memory limit can not be less than memory reservation limit, see usage",
        ),
        (
            {"NanoCpus": 1000000000, "CpuPeriod": 10000},
            "Conflicting options: Nano CPUs and CPU Period cannot both be set",
        ),
        (
            {"NanoCpus": 1000000000, "CpuQuota": 10000},
            "Conflicting options: Nano CPUs and CPU Quota cannot both be set",
        ),
        ({"NanoCpus": 3 * 10**9}, "range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available"),
        ({"NanoCpus": -1}, "range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available"),
        ({"CpuShares": -1}, "invalid CPU shares (-1): value must be a positive integer"),
        ({"CpuShares": 1}, "the minimum allowed cpu-shares is 2"),
        ({"CpuShares": 262145}, "the maximum allowed cpu-shares is 262144"),
        (
            {"CpuPeriod": 10},
            "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)",
        ),
        ({"CpuQuota": 10}, "CPU cfs quota can not be less than 1ms (i.e. 1000)"),
        ({"CpusetCpus": "9"}, "Requested CPUs are not available - requested 9, available: 0-1"),
        ({"CpusetCpus": "x"}, "Invalid value x for cpuset cpus: invalid format: x"),
        ({"CpusetCpus": "1-0"}, "Invalid value 1-0 for cpuset cpus: invalid format: 1-0"),
        ({"CpusetMems": "4"}, "Requested memory nodes are not available - requested 4, available: 0"),
        ({"BlkioWeight": 5}, "Range of blkio weight is from 10 to 1000"),
        ({"IOMaximumIOps": 5}, "invalid option: QoS maximum IOPs configuration is not supported on linux"),
        (
            {"IOMaximumBandwidth": 5},
            "invalid option: QoS maximum bandwidth configuration is not supported on linux",
        ),
        ({"IpcMode": "foo"}, "invalid IPC mode: foo"),
        ({"PidMode": "foo"}, "invalid PID mode: foo"),
        ({"UTSMode": "foo"}, "invalid UTS mode: foo"),
        ({"UsernsMode": "foo"}, "invalid USER mode: foo"),
        ({"CgroupnsMode": "foo"}, "invalid cgroup namespace mode: foo"),
        ({"UTSMode": "host", "Hostname": "h"}, "conflicting options: hostname and the UTS mode"),
        ({"NetworkMode": "container:x", "Hostname": "h"}, "conflicting options: hostname and the network mode"),
        ({"NetworkMode": "container:x", "Dns": ["1.1.1.1"]}, "conflicting options: dns and the network mode"),
        (
            {"NetworkMode": "host", "Links": ["a:b"]},
            "conflicting options: host type networking can't be used with links. "
            "This would result in undefined behavior",
        ),
        ({"ShmSize": -1}, "SHM size can not be less than 0"),
        ({"OomScoreAdj": 2000}, "Invalid value 2000, range for oom score adj is [-1000, 1000]"),
        ({"Isolation": "hyperv"}, "invalid isolation (hyperv): linux only supports 'default'"),
        ({"CapAdd": ["NOPE"]}, 'invalid CapAdd: unknown capability: "CAP_NOPE"'),
        ({"CapDrop": ["nope"]}, 'invalid CapDrop: unknown capability: "CAP_NOPE"'),
        (
            {"CapAdd": ["SYS_RESOURCE"]},
            "invalid CapAdd: capability not supported by your kernel or not available in the current environment: "
            '"CAP_SYS_RESOURCE"',
        ),
        ({"Sysctls": {"vm.swappiness": "1"}}, 'sysctl "vm.swappiness" is not in a separate kernel namespace'),
        (
            {"NetworkMode": "host", "Sysctls": {"net.ipv4.ip_forward": "1"}},
            'sysctl "net.ipv4.ip_forward" not allowed in host network namespace',
        ),
        (
            {"IpcMode": "host", "Sysctls": {"kernel.msgmax": "1"}},
            'sysctl "kernel.msgmax" is not allowed in the hosts ipc namespace',
        ),
        (
            {"Sysctls": {"kernel.hostname": "x"}},
            'sysctl "kernel.hostname" is not allowed as it conflicts with the OCI "hostname" field',
        ),
        (
            {"UTSMode": "host", "Sysctls": {"kernel.domainname": "x"}},
            'sysctl "kernel.domainname" is not in a separate kernel namespace',
        ),
        ({"Ulimits": [{"Name": "foo", "Hard": 1, "Soft": 1}]}, "wrong rlimit value: RLIMIT_FOO"),
        (
            {"Ulimits": [{"Name": "nofile", "Hard": 1, "Soft": 2}]},
            "ulimit soft limit must be less than or equal to hard limit: 2 > 1 (--ulimit nofile)",
        ),
        (
            {"Annotations": {"": "x"}},
            "invalid Annotations: the empty string is not permitted as an annotation key",
        ),
        (
            {"Annotations": {"boxship.overlay": "x"}},
            "invalid Annotations: boxship.overlay: names that start with boxship. are taken",
        ),
        ({"GroupAdd": [""]}, "unable to find group : no matching entries in group file"),
        ({"ReadonlyPaths": ["x"]}, "masked and read-only paths must be absolute: 'x'"),
        ({"Binds": ["/a:/x", "/b:/x/"]}, "Duplicate mount point: /x"),
        ({"Binds": ["/a:/x"], "Tmpfs": {"/x": ""}}, "Duplicate mount point: /x"),
        (
            {"Binds": ["relative/x:/a"]},
            'create relative/x: "relative/x" includes invalid characters for a local volume name, only '
            '"[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path',
        ),
        ({"Tmpfs": {"a": ""}}, "invalid mount path: 'a' mount path must be absolute"),
        ({"Tmpfs": {"/": ""}}, "invalid specification: destination can't be '/'"),
        (
            {"Mounts": [{"Type": "bind", "Source": "/nope", "Target": "/a"}]},
            'invalid mount config for type "bind": bind source path does not exist: /nope',
        ),
        (
            {"Mounts": [{"Type": "bind", "Source": "", "Target": "/a"}]},
            'invalid mount config for type "bind": field Source must not be empty',
        ),
        (
            {"Mounts": [{"Type": "bind", "Source": "/h", "Target": ""}]},
            'invalid mount config for type "bind": field Target must not be empty',
        ),
        (
            {"Mounts": [{"Type": "bind", "Source": "h", "Target": "/a"}]},
            "invalid mount config for type \"bind\": invalid mount path: 'h' mount path must be absolute",
        ),
        (
            {"Mounts": [{"Type": "bind", "Source": "/h", "Target": "/"}]},
            "invalid mount config for type \"bind\": invalid specification: destination can't be '/'",
        ),
        (
            {"Mounts": [{"Type": "bind", "Source": "/h", "Target": "/a", "BindOptions": {"Propagation": "foo"}}]},
            'invalid mount config for type "bind": invalid propagation mode: foo',
        ),
        (
            {"Mounts": [{"Type": "bind", "Source": "/h", "Target": "/a", "TmpfsOptions": {"SizeBytes": 5}}]},
            'TmpfsOptions must not be specified on mount type "bind"',
        ),
        (
            {"Mounts": [{"Type": "tmpfs", "Source": "/x", "Target": "/a"}]},
            'invalid mount config for type "tmpfs": field Source must not be specified',
        ),
        (
            {"Mounts": [{"Type": "tmpfs", "Target": "/a", "TmpfsOptions": {"Options": [["uid", "1000"]]}}]},
            'invalid mount config for type "tmpfs": invalid option: uid',
        ),
        (
            {"Mounts": [{"Type": "npipe", "Target": "/a"}]},
            'invalid mount config for type "npipe": mount type unknown',
        ),
        ({"DeviceCgroupRules": ["foo"]}, "invalid device cgroup rule format: 'foo'"),
        ({"DeviceCgroupRules": ["c 1:3 rwz"]}, "invalid device cgroup rule format: 'c 1:3 rwz'"),
    ],
)
def test_faults(fields: dict[str, Any], message: str):
    assert refused(**fields) == message


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"SecurityOpt": ["foo"]}, 'invalid --security-opt 1: "foo"'),
        ({"SecurityOpt": ["seccomp"]}, 'invalid --security-opt 1: "seccomp"'),
        ({"SecurityOpt": ["foo=bar"]}, 'invalid --security-opt 2: "foo=bar"'),
        ({"SecurityOpt": ["no-new-privileges=maybe"]}, 'invalid --security-opt 2: "no-new-privileges=maybe"'),
        ({"Binds": ["/tmp:/a:foo"]}, "invalid mode: foo"),
        ({"Tmpfs": {"/x": "foo=1"}}, 'invalid tmpfs option "foo"'),
        (
            {"StorageOpt": {"size": "1G"}},
            "--storage-opt is supported only for overlay over xfs with 'pquota' mount option",
        ),
    ],
)
def test_faults_that_docker_calls_its_own(fields: dict[str, Any], message: str):
    assert refused(BoxshipError, **fields) == message


@pytest.mark.parametrize(
    ("profile", "message"),
    [
        ("nojson", "Decoding seccomp profile failed: "),
        ("[]", "Decoding seccomp profile failed: "),
        (
            '{"archMap":[{"architecture":"A"}],"architectures":["A"]}',
            "both 'architectures' and 'archMap' are specified in the seccomp profile",
        ),
        ('{"syscalls":[{"name":"a","names":["b"]}]}', "both 'name' and 'names' are specified in the seccomp profile"),
    ],
)
def test_bad_seccomp_profiles(profile: str, message: str):
    assert refused(SecurityOpt=[f"seccomp={profile}"]).startswith(message)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"PidMode": "container:x"}, "sharing the pid namespace of container x"),
        ({"NetworkMode": "container:x"}, "sharing the network namespace of container x"),
        ({"Links": ["db:db"]}, "--link is not supported yet (asked for db:db)"),
        ({"VolumesFrom": ["x"]}, "--volumes-from is not supported yet (asked for x)"),
        ({"VolumeDriver": "nfs"}, "--volume-driver is not supported yet (asked for nfs)"),
        ({"Cgroup": "container:x"}, "the field Cgroup is not supported yet"),
        ({"Binds": ["data:/data"]}, "volumes are not supported yet"),
        ({"Binds": ["/data"]}, "volumes are not supported yet"),
        ({"Mounts": [{"Type": "volume", "Target": "/a"}]}, "volumes are not supported yet"),
        ({"Mounts": [{"Type": "image", "Source": "x", "Target": "/a"}]}, "type=image is not supported yet"),
        ({"Volumes": {"/data": {}}}, "asks for a volume at /data"),
        (
            {"DeviceRequests": [{"Driver": "", "Count": -1, "Capabilities": [["gpu"]]}]},
            'could not select device driver "" with capabilities: [[gpu]]',
        ),
    ],
)
def test_what_docker_has_and_boxship_not_yet(fields: dict[str, Any], message: str):
    assert message in refused(Unsupported, **fields)


def test_a_volume_that_something_else_covers():
    container = config(Volumes={"/data": {}})
    assert check(container, host(Tmpfs={"/data": ""}), FEATURES) == []


def test_restart_policies_are_the_engines():
    policy = {"RestartPolicy": {"Name": "always"}}
    assert warnings(**policy) == []
    with pytest.raises(Unsupported, match="restart policy always"):
        check(config(), host(**policy), FEATURES, supported=frozenset())


@pytest.mark.parametrize(
    ("fields", "warning"),
    [
        (
            {"Memory": 8 * MEBIBYTE},
            "Your kernel does not support memory limit capabilities or the cgroup is not mounted. "
            "Limitation discarded.",
        ),
        (
            {"MemorySwappiness": 500},
            "Your kernel does not support memory swappiness capabilities or the cgroup is not mounted. "
            "Memory swappiness discarded.",
        ),
        (
            {"MemoryReservation": 5},
            "Your kernel does not support memory soft limit capabilities or the cgroup is not mounted. "
            "Limitation discarded.",
        ),
        ({"OomKillDisable": True}, "Your kernel does not support OomKillDisable. OomKillDisable discarded."),
        (
            {"PidsLimit": 5},
            "Your kernel does not support PIDs limit capabilities or the cgroup is not mounted. PIDs limit discarded.",
        ),
        (
            {"CpuShares": 5},
            "Your kernel does not support CPU shares or the cgroup is not mounted. Shares discarded.",
        ),
        (
            {"CpuPeriod": 5},
            "Your kernel does not support CPU CFS scheduler. CPU period/quota discarded.",
        ),
        (
            {"CpusetCpus": "x"},
            "Your kernel does not support cpuset or the cgroup is not mounted. Cpuset discarded.",
        ),
        (
            {"BlkioWeight": 5},
            "Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight discarded.",
        ),
        (
            {"BlkioWeightDevice": [{"Path": "/dev/x", "Weight": 5}]},
            "Your kernel does not support Block I/O weight_device or the cgroup is not mounted. "
            "Weight-device discarded.",
        ),
        (
            {"BlkioDeviceReadBps": [{"Path": "/dev/x", "Rate": 5}]},
            "Your kernel does not support BPS Block I/O read limit or the cgroup is not mounted. "
            "Block I/O BPS read limit discarded.",
        ),
        (
            {"CgroupnsMode": "private"},
            "Your kernel does not support cgroup namespaces.  Cgroup namespace setting discarded.",
        ),
    ],
)
def test_limits_that_the_machine_cannot_keep(fields: dict[str, Any], warning: str):
    assert warnings(LACKING, **fields) == [warning]


def test_other_warnings():
    assert warnings(CpuPercent=5) == ["linux does not support CPU percent. Percent discarded."]
    assert warnings(OomKillDisable=True) == [
        "OOM killer is disabled for the container, but no memory limit is set, this can result in the system running "
        "out of resources."
    ]
    assert warnings(NetworkMode="host", PortBindings={"80/tcp": []}) == [
        "Published ports are discarded when using host network mode"
    ]


def test_what_a_machine_without_it_refuses():
    assert refused(features=LACKING, CpuRealtimePeriod=1000) == "Your kernel does not support CPU real-time scheduler"
    assert "NanoCPUs can not be set" in refused(features=LACKING, NanoCpus=10**9)
    no_seccomp = replace(FEATURES, seccomp=False)
    assert "seccomp=unconfined" in refused(BoxshipError, features=no_seccomp)
    assert warnings(no_seccomp, SecurityOpt=["seccomp=unconfined"]) == []
    assert warnings(no_seccomp, Privileged=True) == []
    no_init = replace(FEATURES, init_binary="")
    assert "--init needs a small init" in refused(features=no_init, Init=True)


def test_security_modules():
    mine = ["apparmor=mine", "label=type:x"]
    assert warnings(SecurityOpt=mine) == [
        "Your kernel does not support AppArmor: the profile mine has no effect.",
        "SELinux is not enabled for this daemon: the container gets no label.",
    ]
    assert warnings(SecurityOpt=["apparmor=unconfined", "label:disable"]) == []
    assert warnings(replace(FEATURES, apparmor=True, selinux=True), SecurityOpt=mine) == []


def test_networks():
    bound = {"80/tcp": [{"HostPort": "8080-8090"}]}
    assert warnings(NetworkMode="bridge", PortBindings=bound) == []
    assert warnings(NetworkMode="host", PortBindings=bound) == [
        "Published ports are discarded when using host network mode"
    ]


# Where each field of a HostConfig is dealt with; a new field of the model must find its place here.
_SPEC = """annotations binds blkio_device_read_bps blkio_device_read_iops blkio_device_write_bps
    blkio_device_write_iops blkio_weight blkio_weight_device cap_add cap_drop cgroup_parent cgroupns_mode console_size
    cpu_period cpu_quota cpu_realtime_period cpu_realtime_runtime cpu_shares cpuset_cpus cpuset_mems
    device_cgroup_rules devices group_add init ipc_mode kernel_memory_tcp masked_paths memory memory_reservation
    memory_swap memory_swappiness mounts nano_cpus network_mode oom_kill_disable oom_score_adj pid_mode pids_limit
    privileged readonly_paths readonly_rootfs security_opt shm_size sysctls tmpfs ulimits userns_mode uts_mode"""
_REFUSED = """cgroup device_requests io_maximum_bandwidth io_maximum_iops isolation links runtime storage_opt
    volume_driver volumes_from"""
# Kept and of no effect, without a word, as in Docker.
_OF_WINDOWS = "cpu_count"
_WARNED = "cpu_percent"
# The engine: hosts and resolv.conf, the log, restarts, removal; the client alone: container_id_file.
_ENGINE = """auto_remove container_id_file dns dns_options dns_search extra_hosts log_config port_bindings
    publish_all_ports restart_policy"""
_CONFIG_SPEC = "cmd domainname entrypoint env hostname tty user volumes working_dir network_disabled"
_CONFIG_ENGINE = """args_escaped mac_address attach_stderr attach_stdin attach_stdout exposed_ports healthcheck image
    labels on_build open_stdin shell stdin_once stop_signal stop_timeout"""


@pytest.mark.parametrize(
    ("model", "lists"),
    [
        (HostConfig, (_SPEC, _REFUSED, _WARNED, _OF_WINDOWS, _ENGINE)),
        (ContainerConfig, (_CONFIG_SPEC, _CONFIG_ENGINE)),
    ],
)
def test_no_field_is_forgotten(model: type[msgspec.Struct], lists: tuple[str, ...]):
    names = [name for text in lists for name in text.split()]
    assert sorted(names) == sorted(model.__struct_fields__)
