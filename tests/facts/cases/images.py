"""images, inspect of images, tag, rmi, import, load."""

import io
import tarfile

from tests.facts.case import Differs, case, d, delete, get, post, setup


def tar(*files: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, data in files:
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(data), 1_700_000_000
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


ROOT = tar(("hello", b"world\n"), ("etc/one", b"1\n"))
MINE = "--filter reference={p}*"
V = "/v1.51/images"

CASES = (
    case("images-table", setup("tag {base} {p}:one"), setup("tag {rich} {p}:two"), d(f"images {MINE}")),
    case("images-reference", setup("tag {base} {p}:one"), d("images {p}"), d("images {p}:one"), d("images {p}:none")),
    case(
        "images-quiet",
        setup("tag {base} {p}:one"),
        setup("tag {base} {p}:two"),
        d(f"images -q {MINE}"),
        d(f"images -q --no-trunc {MINE}"),
    ),
    case("images-digests", setup("tag {base} {p}:one"), d(f"images --digests {MINE}")),
    case(
        "images-format",
        setup("tag {base} {p}:one"),
        d(f"images {MINE} --format '{{{{.Repository}}}} {{{{.Tag}}}} {{{{.ID}}}} {{{{.Digest}}}} {{{{.CreatedAt}}}}'"),
    ),
    case("images-format-json", setup("tag {base} {p}:one"), d(f"images {MINE} --format json")),
    case(
        "images-filter-label",
        setup("tag {rich} {p}:one"),
        d(f"images {MINE} --filter label=org.example.kind=rich --format '{{{{.Tag}}}}'"),
        d(f"images {MINE} --filter label=nothing -q"),
    ),
    case(
        "images-filter-dangling",
        setup("tag {base} {p}:one"),
        d(f"images {MINE} --filter dangling=true -q"),
        d("images --filter dangling=maybe"),
    ),
    case(
        "images-filter-before",
        setup("tag {base} {p}:one"),
        d(f"images {MINE} --filter before={{rich}} -q"),
        d("images --filter before={p}:none"),
    ),
    case(
        "images-filter-since",
        setup("import - {p}:new", ROOT),
        d(f"images {MINE} --filter since={{base}} --format '{{{{.Tag}}}}'"),
    ),
    case("images-filter-unknown", d("images --filter nosuch=1")),
    case("images-api", setup("tag {rich} {p}:one"), get(V + '/json?filters={q:{"reference":{"{p}*":true}}:q}')),
    case("images-api-bad-filter", get(V + "/json?filters=[")),
    case("image-inspect", get(V + "/{rich}/json"), get(V + "/{base}/json")),
    case("image-inspect-missing", get(V + "/{p}:none/json"), d("image inspect {p}:none")),
    case(
        "image-inspect-by-id",
        setup("image inspect -f '{{.Id}}' {base}", save="i"),
        d("image inspect -f '{{.Id}}' {i12}"),
        d("image inspect -f '{{.Os}}' {i}"),
    ),
    case("image-inspect-bad-name", get(V + "/UPPER/json")),
    case("image-history", get(V + "/{rich}/history")),
    case(
        "inspect-falls-to-image",
        d("inspect -f '{{.Config.User}}' {rich}"),
        d("inspect {p}-none"),
        d("inspect --type image {p}-none"),
        d("inspect --type container {rich}"),
    ),
    case("tag", d("tag {base} {p}:new"), d(f"images {MINE} --format '{{{{.Tag}}}}'")),
    case("tag-default-latest", d("tag {base} {p}"), d(f"images {MINE} --format '{{{{.Tag}}}}'")),
    case(
        "tag-registry-port",
        d("tag {base} localhost:5000/{p}/x:1"),
        d("images --format '{{.Repository}} {{.Tag}}' --filter reference=localhost:5000/{p}/x"),
        d("rmi localhost:5000/{p}/x:1"),
    ),
    case("tag-missing", d("tag {p}:none {p}:new"), post(V + "/{p}:none/tag?repo={p}&tag=x")),
    case(
        "tag-bad",
        d("tag {base} UPPER:1"),
        post(V + "/{base}/tag?repo=UPPER&tag=1"),
        post(V + "/{base}/tag?repo={p}&tag=-bad"),
    ),
    case("tag-digest-refused", d("tag {base} {p}@sha256:" + "0" * 64)),
    case("tag-moves", setup("tag {base} {p}:x"), d("tag {rich} {p}:x"), d("inspect -f '{{.Config.User}}' {p}:x")),
    case("tag-by-short-id", setup("image inspect -f '{{.Id}}' {base}", save="i"), d("tag {i12} {p}:x")),
    case("tag-status", post(V + "/{base}/tag?repo={p}&tag=ok")),
    case("rmi-untag", setup("tag {base} {p}:x"), d("rmi {p}:x"), d(f"images -q {MINE}")),
    case("rmi-last", setup("import - {p}:x", ROOT), d("rmi {p}:x")),
    case(
        "rmi-by-id-two-tags",
        setup("import - {p}:x", ROOT, save="i"),
        setup("tag {p}:x {p}:y"),
        d("rmi {i12}"),
        d("rmi -f {i12}"),
    ),
    case("rmi-missing", d("rmi {p}:none"), delete(V + "/{p}:none")),
    case("rmi-force-missing", d("rmi -f {p}:none")),
    case(
        "rmi-used-stopped",
        setup("import -c 'CMD /x' - {p}:x", ROOT),
        setup("create --name {p} {p}:x"),
        d("rmi {p}:x"),
        d("rmi -f {p}:x"),
        d("ps -a --filter name={p} --format '{{.Status}}'"),
    ),
    case(
        "rmi-used-other-tag",
        setup("import -c 'CMD /x' - {p}:x", ROOT),
        setup("tag {p}:x {p}:y"),
        setup("create --name {p} {p}:x"),
        d("rmi {p}:y"),
    ),
    case(
        "rmi-used-by-id",
        setup("import -c 'CMD /x' - {p}:x", ROOT, save="i"),
        setup("create --name {p} {p}:x"),
        d("rmi {i12}"),
    ),
    case("rmi-used-running", setup("tag {base} {p}:x"), setup("run -d --name {p} {p}:x sleep 60"), d("rmi {p}:x")),
    case("rmi-api", setup("import - {p}:x", ROOT), delete(V + "/{p}:x")),
    case("rmi-bad-name", delete(V + "/UPPER")),
    case(
        "import",
        d("import - {p}:x", ROOT),
        d("inspect -f '{{json .Config}} {{.Os}} {{.Comment}} {{len .RootFS.Layers}}' {p}:x"),
    ),
    case("import-no-name", d("import -", tar(("only-here", b"unique-content-of-this-fact\n")), save="i"), d("rmi {i}")),
    case(
        "import-changes",
        d(
            "import -c 'CMD [\"/hello\"]' -c 'ENV A=b' -c 'WORKDIR /etc' -c 'EXPOSE 80' -c 'LABEL k=v' -c 'USER 7' -c 'ENTRYPOINT [\"/x\"]' -c 'STOPSIGNAL SIGINT' -c 'VOLUME /data' - {p}:x",
            ROOT,
        ),
        d("inspect -f '{{json .Config}}' {p}:x"),
    ),
    case("import-change-bad", d("import -c 'RUN true' - {p}:x", ROOT), d("import -c 'NONSENSE' - {p}:x", ROOT)),
    case("import-message", d("import -m 'from a test' - {p}:x", ROOT), d("inspect -f '{{.Comment}}' {p}:x")),
    case("import-bad-name", d("import - UPPER:x", ROOT)),
    case(
        "import-not-tar",
        d("import - {p}:x", b"this is no tar at all"),
        differs=(Differs("0.stderr", "says what is wrong with the archive, without a temporary folder's name"),),
    ),
    case("import-empty", d("import - {p}:x", b"")),
    case(
        "import-platform",
        d("import --platform linux/arm64 - {p}:x", ROOT),
        d("inspect -f '{{.Os}}/{{.Architecture}}' {p}:x"),
    ),
    case(
        "import-api",
        post("/v1.51/images/create?fromSrc=-&repo={p}&tag=api", ROOT, headers=(("Content-Type", "application/x-tar"),)),
    ),
    case("import-run", setup("import - {p}:x", ROOT), d("run --rm --name {p} {p}:x /hello"), d("run --rm {p}:x")),
    case(
        "load-not-an-image",
        d("load", ROOT),
        differs=(Differs("0.stderr", "says what is wrong with the archive, without a temporary folder's name"),),
    ),
    case(
        "load-garbage",
        d("load", b"garbage that is no tar"),
        differs=(Differs("0.stderr", "says what is wrong with the archive, without a temporary folder's name"),),
    ),
    case(
        "load-empty",
        d("load", b""),
        differs=(Differs("0.stderr", "says what is wrong with the archive, without a temporary folder's name"),),
    ),
    case(
        "load-missing-config",
        d("load", tar(("manifest.json", b'[{"Config":"none.json","RepoTags":["x:1"],"Layers":[]}]'))),
        differs=(Differs("0.stderr", "says what is wrong with the archive, without a temporary folder's name"),),
    ),
    case(
        "load-manifest-not-json",
        d("load", tar(("manifest.json", b"[{"))),
        differs=(Differs("0.stderr", "says what is wrong with the archive, without a temporary folder's name"),),
    ),
    case(
        "load-path-outside",
        d("load", tar(("manifest.json", b'[{"Config":"../../etc/passwd","RepoTags":["x:1"],"Layers":[]}]'))),
        differs=(Differs("0.stderr", "says what is wrong with the archive, without a temporary folder's name"),),
    ),
)
