"""push, login, a look at registries and search, as far as no registry needs to answer: nobody listens on port 1."""

from tests.facts.case import case, d, get, post, quiet, setup

V = "/v1.51"
NOWHERE = "127.0.0.1:1"
DIGEST = "sha256:" + "1" * 64

CASES = (
    case("push-nobody-answers", setup(f"tag {{base}} {NOWHERE}/{{p}}:a"), d(f"push {NOWHERE}/{{p}}:a")),
    case("push-quiet-nobody-answers", setup(f"tag {{base}} {NOWHERE}/{{p}}:a"), d(f"push -q {NOWHERE}/{{p}}:a")),
    case("push-no-such-repository", d(f"push {NOWHERE}/{{p}}:a"), d(f"push {NOWHERE}/{{p}}"), d("push -a {p}")),
    case("push-no-such-tag", setup(f"tag {{base}} {NOWHERE}/{{p}}:one"), d(f"push {NOWHERE}/{{p}}:two")),
    case("push-names", d("push {p}UPPER"), d(f"push {{p}}@{DIGEST}"), d("push -a {p}:one")),
    case("push-usage", d("push"), d("push a b")),
    case(
        "push-other-platform",
        setup(f"tag {{base}} {NOWHERE}/{{p}}:a"),
        d(f"push --platform linux/arm64 {NOWHERE}/{{p}}:a"),
        d(f"push --platform a/b/c/d {NOWHERE}/{{p}}:a"),
    ),
    case(
        "push-raw",
        setup(f"tag {{base}} {NOWHERE}/{{p}}:a"),
        post(f"{V}/images/{NOWHERE}/{{p}}/push?tag=a"),
        post(f"{V}/images/{NOWHERE}/{{p}}/push?tag=b"),
        post(f"{V}/images/{NOWHERE}/{{p}}/push?tag=a%20b"),
        post(f"{V}/images/{NOWHERE}/{{p}}@{DIGEST}/push"),
        post(f"{V}/images/UPPER/push?tag=a"),
        post(f"{V}/images/{NOWHERE}/{{p}}/push?tag=a&platform=linux"),
        post(f"{V}/images/{NOWHERE}/{{p}}/push?tag=a", headers=(("X-Registry-Auth", "zzz"),)),
        quiet(f"rmi {NOWHERE}/{{p}}:a"),
    ),
    case(
        "auth-nobody-answers",
        post(f"{V}/auth", {"username": "u", "password": "p", "serveraddress": NOWHERE}),
        post(f"{V}/auth", {"username": "u", "password": "p", "serveraddress": f"http://{NOWHERE}/v1/"}),
    ),
    case(
        "distribution-errors",
        get(f"{V}/distribution/{NOWHERE}/x/json"),
        get(f"{V}/distribution/UPPER/json"),
        get(f"{V}/distribution/{DIGEST}/json"),
        get(f"{V}/distribution/{DIGEST[7:]}/json"),
    ),
    case(
        "search-errors",
        get(f"{V}/images/search?term=x&limit=101"),
        get(f"{V}/images/search?term=x&limit=abc"),
        get(f"{V}/images/search?term=x&filters={{q:{{\"foo\":[\"x\"]}}:q}}"),
        get(f"{V}/images/search?term=x&filters={{q:{{\"stars\":[\"x\"]}}:q}}"),
        get(f"{V}/images/search?term=x&filters={{q:{{\"is-official\":[\"x\"]}}:q}}"),
        d("search"),
        d("search --limit 101 x"),
    ),
)  # fmt: skip
