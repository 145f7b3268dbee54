"""Files in and out: the archive endpoints, cp, diff and export."""

import gzip

from tests.facts.case import Http, case, d, get, quiet, setup
from tests.support.tars import Member, file, folder, hardlink, symlink, tar

V = "/v1.51/containers/{p}"
TYPE = (("Content-Type", "application/x-tar"),)
STAT = ("x-docker-container-path-stat", "content-type")


def head(path: str) -> Http:
    """What a path is."""
    return Http("HEAD", f"{V}/archive?path={path}", keep_headers=STAT)


def put(path: str, *members: Member, query: str = "", data: bytes | None = None) -> Http:
    """Extract an archive."""
    body = tar(*members) if data is None else data
    return Http("PUT", f"{V}/archive?path={path}{query}", body, headers=TYPE)


CREATED = setup("create --name {p} {base} true")
READ_ONLY = setup(
    "create --name {p} --read-only -v {tmp}:/mnt/rw -v {tmp}:/mnt/ro:ro --tmpfs /scratch {base} sh -c true"
)
CHANGE = (
    "run --name {p} --tmpfs /scratch -v {tmp}:/mnt/v {base} sh -c "
    "'mkdir -p /a/b; echo >/a/b/c; rm /etc/group; echo >>/etc/passwd; chmod 700 /tmp; ln -s x /a/l; mkfifo /a/f; "
    "rm /bin/cat; mv /bin/ls /bin/list; mkdir /gone; rmdir /gone; touch /bin; rm -r /var; mkdir /var; echo >/var/n'"
)
ONE = file("f", b"x")

CASES = (
    case("files-stat", CREATED, *(head(path) for path in ("/etc/passwd", "/bin/sh", "/bin/busybox", "etc/passwd"))),
    case("files-stat-clean", CREATED, *(head(path) for path in ("/../../etc/passwd", "/bin/./../etc/passwd"))),
    case("files-stat-faults", CREATED, *(head(path) for path in ("/nope", "/etc/passwd/", "/etc/passwd/x", ""))),
    case(
        "files-get-faults",
        CREATED,
        *(
            get(f"{V}/archive?path={path}")
            for path in (
                "/nope",
                "/nope/x",
                "/etc/passwd/",
                "/etc/passwd/.",
                "/etc/passwd/x",
                "",
                "/a%00b",
                "/etc/mtab/",
            )
        ),
        get(f"{V}/archive"),
    ),
    case("files-get-missing", get(f"{V}/archive?path=/"), get(f"{V}/archive"), head("/")),
    case("files-get-one", CREATED, get(f"{V}/archive?path=/etc/passwd"), get(f"{V}/archive?path=/bin/sh")),
    case(
        "files-put",
        CREATED,
        put("/tmp", ONE, folder("d", 0o700), symlink("d/l", "/x")),
        get(f"{V}/archive?path=/tmp/f"),
    ),
    case(
        "files-put-faults",
        CREATED,
        *(put(path, ONE) for path in ("/nope", "/etc/passwd", "/etc/passwd/", "/bin/sh", "", "/etc/passwd/x")),
    ),
    case("files-put-missing", put("/tmp", ONE)),
    case("files-put-no-archive", CREATED, put("/tmp", data=b"no archive\n"), put("/tmp", data=b"")),
    case("files-put-cut", CREATED, put("/tmp", data=tar(file("f", b"x" * 2000))[:2200])),
    case("files-put-compressed", CREATED, put("/tmp", data=gzip.compress(tar(ONE), mtime=0))),
    case(
        "files-put-kinds",
        CREATED,
        put("/tmp", folder("d"), file("f", b"x")),
        put("/tmp", file("d", b"x"), query="&noOverwriteDirNonDir=1"),
        put("/tmp", folder("f"), query="&noOverwriteDirNonDir=true"),
        put("/tmp", file("d", b"x"), folder("f"), query="&noOverwriteDirNonDir=0"),
    ),
    case(
        "files-put-outside",
        CREATED,
        *(put("/tmp", file(name, b"x")) for name in ("../f", "a/../../f", "/../../f", "/f")),
        *(put("/tmp", hardlink("h", target)) for target in ("../../etc/passwd", "/etc/passwd", "nope")),
        put("/tmp", symlink("up", "../../etc")),
        put("/tmp", symlink("etc", "/etc"), file("etc/g", b"x")),
        d("diff {p}", unordered=True),
    ),
    case("files-put-unknown", CREATED, put("/tmp", Member("u", b"9"))),
    case(
        "files-put-whiteouts",
        CREATED,
        put("/tmp", file(".wh.f", b""), file(".wh..wh..opq", b"")),
        d("diff {p}", unordered=True),
    ),
    case("files-put-read-only", READ_ONLY, *(put(path, ONE) for path in ("/tmp", "/mnt/rw", "/mnt/ro", "/"))),
    case(
        "files-endless-links",
        setup("run --name {p} {base} sh -c 'ln -s l /tmp/l; ln -s /tmp/b /tmp/a; ln -s a /tmp/b'"),
        *(get(f"{V}/archive?path={path}") for path in ("/tmp/l", "/tmp/a", "/tmp/l/x")),
        *(put(path, ONE) for path in ("/tmp/l", "/tmp/a", "/tmp/l/x")),
    ),
    case(
        "files-put-read-only-running",
        setup("run -d --name {p} --read-only -v {tmp}:/mnt/rw -v {tmp}:/mnt/ro:ro {base} sleep 60"),
        *(put(path, ONE) for path in ("/tmp", "/mnt/rw", "/mnt/ro", "/")),
    ),
    case("files-changes-none", CREATED, get(f"{V}/changes"), d("diff {p}")),
    case("files-changes-missing", get(f"{V}/changes"), get(f"{V}/export"), d("diff {p}"), d("export {p}")),
    case("files-changes", setup(CHANGE), d("diff {p}", unordered=True)),
    case(
        "files-changes-file-for-folder",
        setup("run --name {p} {base} sh -c 'rm -r /tmp /etc/group; echo >/tmp; mkdir -p /etc/group/x'"),
        d("diff {p}", unordered=True),
    ),
    case(
        "files-cp-faults",
        CREATED,
        d("cp {p}:/nope /"),
        d("cp /nope {p}:/"),
        d("cp {p}:/etc/passwd {p}:/x"),
        d("cp a b"),
        d("cp {p}:/etc/passwd /nope/x"),
        d("cp {p}:/etc {tmp}/none/"),
        d("cp {p}:/etc/passwd {tmp}/none/"),
        d("cp {p}:/etc/passwd /dev/null"),
        d("cp {p}: {tmp}"),
        d("cp :/x {tmp}"),
    ),
    case(
        "files-cp",
        CREATED,
        d("cp {p}:/etc/passwd {tmp}/f"),
        d("cp {tmp}/f {p}:/tmp/g"),
        d("cp {tmp} {p}:/etc/passwd", only="exit"),
        d("cp -q {tmp}/f {p}:/tmp"),
        d("cp -a {tmp}/f {p}:/tmp/a"),
        d("cp {tmp}/. {p}:/made"),
        d("cp -L {p}:/bin/sh {tmp}/sh"),
        d("diff {p}", unordered=True),
    ),
    case("files-cp-stdin", CREATED, d("cp - {p}:/tmp", tar(ONE)), d("cp - {p}:/etc/passwd", tar(ONE)), quiet("rm {p}")),
)
