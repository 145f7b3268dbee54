"""Errors that belong to no verb alone: bodies, sizes, headers, forms of names."""

from tests.facts.case import Http, case, d, get, post, setup

V = "/v1.51"

CASES = (
    case("error-shape", get(V + "/containers/{p}/json", keep_headers=("content-type", "api-version", "ostype"))),
    case("error-name-with-spaces", d("inspect 'a b'")),
    case("error-empty-name", d("inspect ''")),
    case("error-cli-no-args", d("start"), d("rm"), d("exec"), d("logs")),
    case("error-host-bad", d("-H unix:///no/such/socket ps")),
    case("error-api-forced-old", d("version --format '{{.Client.APIVersion}}'")),
    case("error-body-array", post(V + "/containers/create?name={p}", [1, 2])),
    case(
        "error-body-null",
        post(V + "/containers/create?name={p}", b"null", headers=(("Content-Type", "application/json"),)),
    ),
    case(
        "error-content-type-charset",
        post(
            V + "/containers/create?name={p}",
            b'{"Image":"bx/base:1"}',
            headers=(("Content-Type", "application/json; charset=utf-8"),),
        ),
    ),
    case("error-options-method", Http("OPTIONS", V + "/containers/json")),
    case("error-head-container", setup("create --name {p} {base} true"), Http("HEAD", V + "/containers/{p}/json")),
    case("error-trailing-slash", get(V + "/containers/json/")),
    case("error-double-slash", get(V + "//info", keys=())),
    case("error-version-form", get("/v1/info"), get("/vX.Y/info"), get("/v1.51.3/info")),
)
