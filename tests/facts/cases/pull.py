"""pull, and what create and run do about images that are not here; the registry is tests/facts/registry.py."""

from tests.facts.case import Differs, case, d, get, post, setup
from tests.support.imagery import sha256

R = "{registry}/{p}"
NONE = "sha256:" + "0" * 64
ASKED = sha256(b"asked for")
CREATE = "/v1.51/images/create?fromImage="

PREFIXED = (Differs("*.stderr", "names the image, too"),)

CASES = (
    case(
        "pull-again",
        setup(f"pull -q {R}/one:1"),
        d(f"pull {R}/one:1"),
        d(f"pull -q {R}/one:1"),
        post(f"{CREATE}{R}/one&tag=1"),
    ),
    case("pull-quiet", d(f"pull -q {R}/one"), d(f"pull --quiet {R}/one:1")),
    case("pull-default-tag", setup(f"pull -q {R}/one"), d(f"pull {R}/one")),
    case("pull-no-layers", d(f"pull {R}/empty:1"), d(f"pull {R}/empty:1")),
    case(
        "pull-known-layers",
        setup(f"pull -q {R}/one:1"),
        d(f"pull {R}/one"),
        d("images --format '{{.Tag}}' --filter reference={registry}/{p}/one", unordered=True),
    ),
    case(
        "pull-by-digest",
        setup(f"pull -q {R}/one:1"),
        setup(f"image inspect -f '{{{{index .RepoDigests 0}}}}' {R}/one:1", save="d"),
        d("pull {d}"),
        setup(f"rmi {R}/one:1"),
        d("pull -q {d}"),
        d("image inspect -f '{{.RepoTags}} {{len .RepoDigests}}' {d}"),
    ),
    case(
        "pull-all-tags",
        setup(f"pull -q -a {R}/one"),
        d(f"pull -a {R}/one"),
        d(f"pull --all-tags -q {R}/one"),
        post(f"{CREATE}{R}/one"),
    ),
    case("pull-all-tags-of-one", d(f"pull -a {R}/one:1"), d(f"pull -a {R}/one@{NONE}")),
    case("pull-all-tags-missing", d(f"pull -a {R}/none"), post(f"{CREATE}{R}/none")),
    case("pull-missing-tag", d(f"pull {R}/one:none"), post(f"{CREATE}{R}/one&tag=none")),
    case("pull-missing-digest", d(f"pull {R}/one@{NONE}"), post(f"{CREATE}{R}/one&tag={NONE}")),
    case("pull-bad-names", d("pull UPPER"), d(f"pull {R}/one:-x"), d(f"pull {R}//one"), d("pull " + "a" * 64)),
    case(
        "pull-bad-names-api",
        post(f"{CREATE}{R}/one&tag=-x"),
        post(f"{CREATE}{R}//one&tag=1"),
        post(f"{CREATE}{R}/one&tag=1@{NONE}"),
        post(f"{CREATE}{R}/one@sha256:abc"),
        post(CREATE + "a" * 64),
    ),
    case("pull-scratch", d("pull scratch"), post(f"{CREATE}scratch&tag=latest")),
    case(
        "pull-platform",
        d(f"pull -q --platform linux/arm/v6 {R}/multi:1"),
        d(f"image inspect -f '{{{{.Architecture}}}} {{{{.Variant}}}}' {R}/multi:1"),
        setup(f"rmi {R}/multi:1"),
        d(f"pull -q --platform linux/arm64 {R}/multi:1"),
        d(f"image inspect -f '{{{{.Architecture}}}} {{{{.Variant}}}}' {R}/multi:1"),
        setup(f"rmi {R}/multi:1"),
        d(f"pull -q --platform s390x {R}/multi:1"),
        d(f"image inspect -f '{{{{.Architecture}}}} {{{{.Variant}}}}' {R}/multi:1"),
    ),
    case(
        "pull-platform-none",
        d(f"pull --platform linux/mips {R}/multi:1"),
        post(f"{CREATE}{R}/multi&tag=1&platform=mips"),
    ),
    case("pull-platform-none-here", d(f"pull {R}/multi:none")),
    case(
        "pull-platform-bad",
        d(f"pull --platform nonsense {R}/multi:1"),
        post(f"{CREATE}{R}/multi&tag=1&platform=a/b/c/d"),
    ),
    case(
        "pull-platform-of-one",
        setup(f"pull -q --platform linux/arm64 {R}/one:1"),
        d(f"pull --platform linux/arm64 {R}/one:1"),
        d(f"pull --platform linux/amd64/v2 {R}/one:1"),
        d(f"pull --platform linux/386 {R}/one:1"),
    ),
    case("pull-refused-unauthorized", d(f"pull {R}/code:unauthorized"), post(f"{CREATE}{R}/code&tag=unauthorized")),
    case("pull-refused-denied", d(f"pull {R}/code:denied"), post(f"{CREATE}{R}/code&tag=denied")),
    case("pull-refused-name", d(f"pull {R}/code:name"), post(f"{CREATE}{R}/code&tag=name")),
    case("pull-refused-manifest", d(f"pull {R}/code:manifest"), post(f"{CREATE}{R}/code&tag=manifest")),
    case("pull-refused-invalid", d(f"pull {R}/code:invalid"), post(f"{CREATE}{R}/code&tag=invalid")),
    case(
        "pull-refused-many",
        post(f"{CREATE}{R}/code&tag=many"),
        differs=(Differs("*.body.message", "says what can be done, too"),),
    ),
    case("pull-artifact", d(f"pull {R}/wrong:artifact"), differs=PREFIXED),
    case("pull-helm", d(f"pull {R}/wrong:helm"), differs=PREFIXED),
    case("pull-layer-kind", d(f"pull {R}/wrong:layer")),
    case(
        "pull-windows",
        d(f"pull -q {R}/wrong:windows"),
    ),
    case(
        "pull-no-rootfs",
        d(f"pull -q {R}/wrong:rootfs"),
        differs=(Differs("*.stderr", "says what is wrong with it, too"),),
    ),
    case("pull-wrong-blob", d(f"pull -q {R}/wrong:blob")),
    case(
        "pull-wrong-manifest",
        d(f"pull -q {R}/wrong@{ASKED}"),
        differs=(Differs("*.stderr", "told by the status, since nothing else was told before"),),
    ),
    case(
        "pull-inspect",
        setup(f"pull -q {R}/one:1"),
        get("/v1.51/images/{registry}/{p}/one:1/json", keys=("Id", "RepoTags", "RepoDigests", "Metadata", "Size")),
        d("images --digests --format '{{.Tag}} {{.Digest}}' --filter reference={registry}/{p}/one"),
    ),
    case(
        "pull-event",
        setup(f"pull -q {R}/one:1"),
        setup(f"pull -q -a {R}/one"),
        d(
            "events --since {t0} --until {now} --filter event=pull --format '{{.Type}} {{.Actor.ID}} {{.Actor.Attributes}}'"
        ),
    ),
    case(
        "create-pulls",
        d(f"create --pull never {R}/one:1 /x"),
        d(f"create -q --label fact={{p}} {R}/one:1 /x"),
        setup(f"pull -q {R}/one:2"),
        d(f"create --pull always --label fact={{p}} {R}/one:2 /x"),
        d(f"create --pull sometimes {R}/one:2 /x"),
        d(f"create {R}/one:none /x"),
        d(f"create -q {R}/one:none /x"),
        d(f"run -q {R}/one:none /x"),
    ),
    case(
        "create-pulls-other-platform",
        setup(f"pull -q {R}/one:1"),
        d(f"create --platform linux/arm64 {R}/one:1 /x"),
    ),
)
