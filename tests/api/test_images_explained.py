"""`image inspect --layers` and `image diff`: what images are made of, by our own command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.support.api import Api
from tests.support.archives import Entry as File
from tests.support.archives import Image, archive, folder, layer
from tests.support.cli import Cli

OLD = Image(
    ("bx-explain/app:1",),
    (
        layer([folder("app"), File("app/main", b"m" * 1000), File("cache", b"c" * 50_000), File("keep", b"k")]),
        layer([File(".wh.cache"), File("app/main", b"M" * 1200), File("app/new", b"n" * 300)]),
    ),
    {"Cmd": ["/app/main"], "Env": ["PATH=/bin", "MODE=old"]},
)
NEW = replace(
    OLD,
    references=("bx-explain/app:2",),
    layers=(OLD.layers[0], layer([File("app/main", b"x" * 1200), File("app/log", b"l" * 10, mode=0o600)])),
    config={"Cmd": ["/app/main"], "Env": ["PATH=/bin", "MODE=new"], "Labels": {"a": "b"}},
)


@pytest.fixture(scope="module")
def images(boxship: Cli) -> Iterator[None]:
    """Two images that share a layer."""
    boxship("load", stdin=archive([OLD, NEW])).succeeded()
    yield
    boxship("rmi", "bx-explain/app:1", "bx-explain/app:2").succeeded()


@pytest.mark.usefixtures("images")
def test_layers_as_people_read_them(boxship: Cli) -> None:
    said = boxship("image", "inspect", "--layers", "bx-explain/app:1").succeeded()
    assert said.lines == [
        "bx-explain/app:1  2 layers, 52.5kB, 51kB of it wasted (97%)",
        "LAYER   SIZE    ADDED      CHANGED     DELETED    WASTED   INSTRUCTION",
        "1       51kB    3 (51kB)   -           -          51kB     layer 0",
        "2       1.5kB   1 (300B)   1 (1.2kB)   1 (50kB)   -        layer 1",
        "wasted: stored in one layer, changed or deleted by a later one",
        "  50kB  /cache  in layer 1, deleted by layer 2",
        "   1kB  /app/main  in layer 1, changed by layer 2",
        "  to get it back: remove a file in the RUN that makes it, set owner and mode where it is copied",
    ]


@pytest.mark.usefixtures("images")
def test_layers_as_json_and_by_the_api(boxship: Cli, api: Api) -> None:
    (found,) = json.loads(
        boxship("image", "inspect", "--layers", "--format", "json", "bx-explain/app:1").succeeded().text
    )
    assert found.pop("Budget") == []
    assert found == api.request("GET", "/v1.51/boxship/images/bx-explain/app:1/layers").json
    assert (found["Id"], found["Size"], found["Visible"], found["Wasted"]) == (OLD.id, 52_501, 1501, 51_000)
    assert found["Layers"][1]["Deleted"] == {"Files": 1, "Bytes": 50_000}
    assert found["Hidden"][0] == {
        "Path": "/cache",
        "Bytes": 50_000,
        "Layer": 1,
        "HiddenBy": 2,
        "How": "deleted",
        "What": [],
    }
    assert api.request("GET", "/boxship/images/bx-explain/none/layers").status == 404


def test_a_copy_for_an_owner_is_told(boxship: Cli) -> None:
    """What `RUN chown -R` does to an image."""
    files = [("big", b"b" * 4000), ("same", b"s" * 3000), ("mode", b"m" * 2000), ("size", b"x" * 1000)]
    low = [File(path, data) for path, data in files]
    high = [File("big", b"b" * 4000, uid=7), low[1], File("mode", b"m" * 2000, mode=0o600, gid=9), File("size", b"x")]
    boxship("load", stdin=archive([Image(("bx-explain/chown:1",), (layer(low), layer(high)))])).succeeded()
    said = boxship("image", "inspect", "--layers", "bx-explain/chown:1").succeeded()
    assert said.lines[5:9] == [
        "  4kB  /big  in layer 1, changed by layer 2: only its owner, the content is there twice",
        "  3kB  /same  in layer 1, changed by layer 2: the same file once more",
        "  2kB  /mode  in layer 1, changed by layer 2: only its mode and owner, the content is there twice",
        "  1kB  /size  in layer 1, changed by layer 2",
    ]
    boxship("rmi", "bx-explain/chown:1").succeeded()


@pytest.mark.usefixtures("images")
def test_a_budget_for_ci(boxship: Cli) -> None:
    def check(*options: str) -> tuple[int, str]:
        said = boxship("image", "inspect", "--layers", *options, "bx-explain/app:1")
        return said.code, said.error

    assert check("--budget", "53kB") == (0, "")
    assert check("--budget", "50kB") == (
        100,
        "bx-explain/app:1 is over its budget: 52.5kB of 50kB, 2.501kB too much",
    )
    assert check("--budget", "1MiB", "--budget-wasted", "98%") == (0, "")
    assert check("--budget-wasted", "5%") == (100, "bx-explain/app:1 wastes more than its budget: 97.1% of 5%")
    assert check("--budget-wasted", "1kB") == (100, "bx-explain/app:1 wastes more than its budget: 51kB of 1kB")
    assert check("--budget", "much") == (1, 'invalid size for --budget: "much"')
    said = boxship("image", "inspect", "--budget", "1MB", "bx-explain/app:1")
    assert (said.code, said.error) == (1, "--budget needs --layers")
    said = boxship("image", "inspect", "--layers", "bx-explain/none:1")
    assert (said.code, said.error) == (1, "Error response from daemon: No such image: bx-explain/none:1")


@pytest.mark.usefixtures("images")
def test_diff_of_two_images(boxship: Cli) -> None:
    said = boxship("image", "diff", "bx-explain/app:1", "bx-explain/app:2").succeeded()
    assert said.lines == [
        "bx-explain/app:1 52.5kB, bx-explain/app:2 52.2kB (-290B); 1 of 2 and 2 layers are the same",
        "Env.MODE: old -> new",
        "Labels.a: (not set) -> b",
        "A   +10B  /app/log",
        "C     0B  /app/main  (content)",
        "D  -300B  /app/new",
        "A  +50kB  /cache",
        "2 added (+50kB), 1 changed (0B), 1 deleted (-300B)",
    ]
    assert boxship("image", "diff", "--exit-code", "--summary", "bx-explain/app:1", "bx-explain/app:2").code == 100
    found = json.loads(
        boxship("image", "diff", "--format", "json", "bx-explain/app:1", "bx-explain/app:2").succeeded().text
    )
    assert (found["From"]["Id"], found["To"]["Id"], found["SameLayers"]) == (OLD.id, NEW.id, 1)
    assert found["Files"][1] == {"Kind": "C", "Path": "/app/main", "From": 1200, "To": 1200, "What": ["content"]}


@pytest.mark.usefixtures("images")
def test_an_image_is_like_itself(boxship: Cli, api: Api) -> None:
    said = boxship("image", "diff", "--exit-code", "bx-explain/app:1", OLD.id).succeeded()
    assert said.lines[-1] == "the files are the same"
    assert boxship("image", "diff", "bx-explain/app:1", "bx-explain/none").code == 1
    assert api.request("GET", "/boxship/images/bx-explain/app:1/diff").status == 400
