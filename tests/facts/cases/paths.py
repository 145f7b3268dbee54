"""Paths of what an engine may not have: swarm, plugins, other objects."""

from tests.facts.case import Http, case, delete, get, post

V = "/v1.51"
KINDS = ("nodes", "services", "secrets", "configs")

CASES = (
    case(
        "paths-swarm",
        get(V + "/swarm"),
        get(V + "/swarm/unlockkey"),
        post(V + "/swarm/leave", {}),
        post(V + "/swarm/unlock", {}),
        post(V + "/swarm/update", {}),
        post(V + "/swarm/update?version=1", {}),
    ),
    *(
        case(
            f"paths-{kind}",
            get(f"{V}/{kind}"),
            get(f"{V}/{kind}/x"),
            delete(f"{V}/{kind}/x"),
            post(f"{V}/{kind}/x/update", {}),
            post(f"{V}/{kind}/x/update?version=soon", {}),
            post(f"{V}/{kind}/x/update?version=1", {}),
            *(() if kind == "nodes" else (post(f"{V}/{kind}/create", {}),)),
        )
        for kind in KINDS
    ),
    case(
        "paths-tasks",
        get(V + "/tasks"),
        get(V + "/tasks/x"),
        get(V + "/tasks/x/logs"),
        get(V + "/tasks/x/logs?stdout=1"),
        get(V + "/services/x/logs"),
        get(V + "/services/x/logs?stderr=1"),
    ),
    case(
        "paths-plugins",
        get(V + "/plugins"),
        get(V + "/plugins/x/json"),
        delete(V + "/plugins/x"),
        post(V + "/plugins/x/disable"),
        post(V + "/plugins/x/enable?timeout=0"),
        post(V + "/plugins/x/push"),
        post(V + "/plugins/x/set", []),
    ),
    case("paths-volumes", get(V + "/volumes/{p}"), delete(V + "/volumes/{p}"), Http("PUT", V + "/volumes/{p}", {})),
    case(
        "paths-networks",
        get(V + "/networks/{p}"),
        delete(V + "/networks/{p}"),
        delete(V + "/networks/bridge"),
        delete(V + "/networks/host"),
        delete(V + "/networks/none"),
    ),
    case("paths-unknown", get(V + "/no/such"), post(V + "/info"), get("/v1.51"), get("/v1.24/secrets")),
)
