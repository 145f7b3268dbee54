"""Images of containers."""

from tests.facts.case import Case, Http, case, d, get, post, quiet, setup

PREPARE = setup("run --name {p} -e A=1 -l l=1 --entrypoint sh {base} -c 'echo hi >/new; rm /etc/group; mkdir -p /d/e'")
IMAGE = get("/v1.51/images/{p}:x/json", keys=("Author", "Comment", "Config"))
HISTORY = get("/v1.51/images/{p}:x/history")


def commit(name: str, query: str, body: object = None) -> Case:
    """One commit by the API, and what its image says."""
    return case(
        f"commit-{name}",
        PREPARE,
        post(f"/v1.51/commit?container={{p}}&repo={{p}}&tag=x{query}", body, keys=()),
        IMAGE,
    )


CASES = (
    commit("plain", ""),
    commit("words", "&author=me&comment=why"),
    commit(
        "changes", "&changes=ENV%20B%3D2&changes=CMD%20ls&changes=LABEL%20l%3D2&changes=USER%205&changes=WORKDIR%20/w"
    ),
    commit("body", "", {"Env": ["Z=9", "A=2"], "Cmd": ["q"], "Labels": {"m": "2"}, "Entrypoint": ["e"]}),
    commit("body-and-changes", "&changes=ENV%20Y%3D1", {"Env": ["Z=9"]}),
    case(
        "commit-faults",
        PREPARE,
        post("/v1.51/commit?container={p}&repo=UPPER"),
        post("/v1.51/commit?container={p}&changes=FOO%20x"),
        post("/v1.51/commit?container={p}none"),
        Http("POST", "/v1.51/commit?container={p}", b"{", headers=(("Content-Type", "application/json"),)),
        d("commit {p} UPPER"),
        d("commit {p}none"),
    ),
    case(
        "commit-run",
        PREPARE,
        quiet("commit -m why -a me {p} {p}:x"),
        d("run --rm --entrypoint sh {p}:x -c 'cat /new; ls /etc /d; echo $A'"),
        HISTORY,
    ),
)
