"""Leases count their holders."""

from boxship.storage.leases import Leases


def test_a_resource_is_held_until_its_last_holder_lets_go() -> None:
    leases = Leases()
    with leases.hold(["a", "b"]):
        with leases.hold(["b", "c", "c"]):
            assert leases.held() == {"a", "b", "c"}
        assert leases.held() == {"a", "b"}
    assert leases.held() == set()


def test_a_failure_lets_go() -> None:
    leases = Leases()
    try:
        with leases.hold(["a"]):
            raise ValueError
    except ValueError:
        pass
    assert leases.held() == set()
