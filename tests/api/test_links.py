"""`--link`: what is said of one to nobody."""

from tests.api.test_lifecycle import post
from tests.support.api import Api


def test_a_link_to_nobody(api: Api, name: str) -> None:
    body = {"Image": "bx/base:1", "Cmd": ["true"], "HostConfig": {"Links": ["no-such-container:db"]}}
    answer = post(api, f"/containers/create?name={name}", body)
    assert answer.status == 400
    assert answer.json["message"].startswith("could not get container for no-such-container: No such container: ")
