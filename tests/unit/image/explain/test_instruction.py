"""Steps of a history as lines of a Dockerfile."""

from __future__ import annotations

import pytest

from boxship.image.explain.instruction import instruction


@pytest.mark.parametrize(
    ("created_by", "expected"),
    [
        ('/bin/sh -c #(nop)  CMD ["sh"]', 'CMD ["sh"]'),
        ("/bin/sh -c #(nop) COPY file:0123 in /app ", "COPY file:0123 in /app"),
        ("/bin/sh -c apt-get update &&     apt-get install -y git", "RUN apt-get update && apt-get install -y git"),
        ("|2 A=1 B=2 /bin/sh -c make", "RUN make"),
        ("RUN /bin/sh -c make\tall # buildkit", "RUN make all"),
        ("RUN |1 V=3 /bin/sh -c make # buildkit", "RUN make"),
        ("COPY . . # buildkit", "COPY . ."),
        ("RUN python3 x.py # buildkit", "RUN python3 x.py"),
        ("bash -c something", "bash -c something"),
        ("", ""),
    ],
)
def test_instruction(created_by: str, expected: str) -> None:
    assert instruction(created_by) == expected
