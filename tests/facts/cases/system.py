"""ping, version, info, API versions."""

from tests.facts.case import Differs, Http, case, d, get

PING = (
    "content-type",
    "api-version",
    "docker-experimental",
    "ostype",
    "cache-control",
    "pragma",
    "builder-version",
    "swarm",
)
NETWORKS = Differs("0.body.*", "values of the machine")

CASES = (
    case("ping", get("/_ping", keep_headers=PING)),
    case("ping-head", Http("HEAD", "/_ping", keep_headers=PING)),
    case("ping-versioned", get("/v1.44/_ping", keep_headers=PING)),
    case(
        "version-shape",
        get("/v1.51/version", schema=True),
        differs=(
            Differs("0.body.Components", "our parts are other ones than containerd, runc and docker-init"),
            Differs("0.body.BuildTime", "no build step: there is no time of it"),
        ),
    ),
    case("version-values", get("/version", keys=("ApiVersion", "MinAPIVersion", "Os", "Arch"))),
    case(
        "version-format",
        d("version --format '{{.Server.APIVersion}} {{.Server.MinAPIVersion}} {{.Server.Os}}/{{.Server.Arch}}'"),
    ),
    case(
        "info-shape",
        get("/v1.51/info", schema=True),
        differs=(
            Differs("0.body.Runtimes", "the runtimes are our own"),
            Differs("0.body.DriverStatus", "the storage driver is our own"),
            Differs("0.body.Containerd", "there is no containerd"),
            Differs("0.body.FirewallBackend", "no networks yet"),
            Differs("0.body.SystemStatus", "absent or null"),
            Differs("0.body.CDISpecDirs", "no CDI devices yet"),
            Differs("0.body.Warnings", "absent or a list, as the machine is"),
            Differs("0.body.SecurityOptions", "as the machine is"),
            Differs("0.body.RegistryConfig", "no registry client yet"),
            Differs("0.body.Plugins", "no networks, volumes and plugins yet"),
        ),
    ),
    case(
        "info-values",
        get(
            "/info",
            keys=(
                "OSType",
                "Architecture",
                "NCPU",
                "MemoryLimit",
                "SwapLimit",
                "CpuCfsPeriod",
                "CpuCfsQuota",
                "CPUShares",
                "CPUSet",
                "PidsLimit",
                "OomKillDisable",
                "CgroupVersion",
                "CgroupDriver",
                "IPv4Forwarding",
                "KernelVersion",
                "MemTotal",
                "LiveRestoreEnabled",
                "Isolation",
                "ExperimentalBuild",
            ),
        ),
        depends=("arch", "cgroup", "controllers", "kernel", "cpus"),
        differs=(
            Differs("0.body.LiveRestoreEnabled", "containers always survive the daemon"),
            Differs("0.body.KernelVersion", "the patch level of the machine"),
            Differs("0.body.MemTotal", "of the machine"),
            Differs("0.body.CgroupDriver", "as the machine is run"),
            Differs("0.body.IPv4Forwarding", "of the machine"),
        ),
    ),
    case("api-too-new", get("/v1.99/info")),
    case("api-too-old", get("/v1.12/info")),
    case("api-no-page", get("/v1.51/nothing/here")),
    case("api-wrong-method", Http("PUT", "/v1.51/containers/json")),
    case(
        "api-versions-in-answers",
        get("/v1.24/_ping", keep_headers=("api-version", "ostype")),
        get("/v1.51/_ping", keep_headers=("api-version",)),
    ),
    case("api-old-error", get("/v1.24/containers/{p}/json", keep_headers=("content-type", "api-version"))),
    case("server-header-old", get("/v1.30/version", keys=("MinAPIVersion", "ApiVersion"))),
    *(
        case(
            f"info-at-{version}",
            get(f"/v{version}/info", keys=("KernelMemory", "KernelMemoryTCP", "ContainerdCommit", "InitCommit")),
            depends=("cgroup",),
        )
        for version in ("1.24", "1.41", "1.42", "1.51")
    ),
    *(
        case(f"df-at-{version}", get(f"/v{version}/system/df?type=build-cache", keys=("BuilderSize", "BuildCache")))
        for version in ("1.24", "1.42", "1.51")
    ),
)
