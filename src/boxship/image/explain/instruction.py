"""A step of an image's history as the line of a Dockerfile that it comes from, as far as the history tells. Pure."""

from __future__ import annotations

_SHELL = "/bin/sh -c "
_NOTHING = "#(nop) "
_BUILDKIT = " # buildkit"


def instruction(created_by: str) -> str:
    """The instruction: `RUN apk add git` for what the classic builder, BuildKit, buildah or Boxship wrote of it.

    What is no instruction stays as it is: the comment of an import, the command line of a commit.
    """
    text = created_by.strip().removesuffix(_BUILDKIT)
    run = text.removeprefix("RUN ")
    if run.startswith("|") and (at := run.find(_SHELL)) >= 0:
        run = run[at:]  # "|2 A=1 B=2 /bin/sh -c …": so many build arguments, which are not of the line
    if run.startswith(_SHELL):
        run = run.removeprefix(_SHELL).strip()
        text = run.removeprefix(_NOTHING).strip() if run.startswith(_NOTHING) else f"RUN {run}"
    return " ".join(text.split())
