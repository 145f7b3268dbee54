"""Image references as people type them: `busybox`, `ghcr.io/a/b:1`, `a@sha256:…`.

The grammar is that of the distribution project (docs.docker.com, "docker image tag"; distribution/reference).
What Docker 28.5.2 answered to each kind stands in the tests.
"""

import re
from dataclasses import dataclass, replace

from boxship.lib.errors import InvalidParameter
from boxship.model import digest as digests

DEFAULT_DOMAIN = "docker.io"
LEGACY_DOMAIN = "index.docker.io"
OFFICIAL = "library"
DEFAULT_TAG = "latest"
LONGEST_PATH = 255

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:]+\])"
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_REFERENCE = re.compile(
    rf"(?:(?P<domain>{_HOST}(?::[0-9]+)?)/)?(?P<path>{_COMPONENT}(?:/{_COMPONENT})*)"
    rf"(?::(?P<tag>{_TAG}))?(?:@(?P<digest>{digests.SHAPE}))?"
)
_TAG_ALONE = re.compile(_TAG)
_IDENTIFIER = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Reference:
    """A name in a registry, with a tag, a digest, both or neither.

    domain: "docker.io" unless given; "" for the rare name whose first component is no host. path: with
    "library/" where Docker implies it.
    """

    domain: str
    path: str
    tag: str = ""
    digest: str = ""

    @property
    def name(self) -> str:
        """The repository in full: docker.io/library/busybox."""
        return f"{self.domain}/{self.path}" if self.domain else self.path

    @property
    def familiar_name(self) -> str:
        """The repository as Docker prints it: busybox."""
        if self.domain != DEFAULT_DOMAIN:
            return self.name
        first, _, rest = self.path.partition("/")
        return rest if first == OFFICIAL and "/" not in rest else self.path

    @property
    def familiar(self) -> str:
        """The whole as Docker prints it: busybox:latest."""
        return self.familiar_name + self._suffix()

    def __str__(self) -> str:
        return self.name + self._suffix()

    def _suffix(self) -> str:
        return (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")

    def with_tag(self, tag: str) -> "Reference":
        """The same with another tag. InvalidParameter when it can't be one."""
        if not _TAG_ALONE.fullmatch(tag):
            raise InvalidParameter("invalid tag format")
        return replace(self, tag=tag)

    def with_default_tag(self) -> "Reference":
        """The same with `latest` where neither tag nor digest is given."""
        return self if self.tag or self.digest else replace(self, tag=DEFAULT_TAG)


def parse(text: str) -> Reference:
    """Read a reference, with Docker's defaults put in. InvalidParameter with Docker's wording."""
    if _IDENTIFIER.fullmatch(text):
        raise InvalidParameter(f"invalid repository name ({text}), cannot specify 64-byte hexadecimal strings")
    domain, remainder = _split_domain(text)
    repository = remainder.partition(":")[0]
    if repository != repository.lower():
        raise InvalidParameter(f"invalid reference format: repository name ({repository}) must be lowercase")
    match = _REFERENCE.fullmatch(f"{domain}/{remainder}")
    if match is None:
        raise InvalidParameter("invalid reference format")
    if len(match["path"]) > LONGEST_PATH:
        raise InvalidParameter(f"repository name must not be more than {LONGEST_PATH} characters")
    if match["digest"]:
        digests.validate(match["digest"])
    return Reference(match["domain"] or "", match["path"], match["tag"] or "", match["digest"] or "")


def parse_tag_target(repository: str, tag: str) -> Reference:
    """The name that `tag`, `import` and `commit` give: a repository with an optional tag apart.

    InvalidParameter for a digest, and for the one name that would read as a digest.
    """
    reference = parse(repository)
    if reference.digest:
        raise InvalidParameter("cannot import digest reference")
    reference = reference.with_tag(tag) if tag else reference.with_default_tag()
    if reference.familiar_name == "sha256":
        raise InvalidParameter("refusing to create an ambiguous tag using digest algorithm as name")
    return reference


def is_identifier(text: str) -> bool:
    """Whether `text` is a whole image id without its algorithm: then it is never a name."""
    return _IDENTIFIER.fullmatch(text) is not None


def _split_domain(text: str) -> tuple[str, str]:
    # The part before the first slash is a host when it has a dot or a port, is localhost, or can't be a path.
    first, slash, rest = text.partition("/")
    if not slash or ("." not in first and ":" not in first and first != "localhost" and first == first.lower()):
        domain, remainder = DEFAULT_DOMAIN, text
    else:
        domain, remainder = first, rest
    if domain == LEGACY_DOMAIN:
        domain = DEFAULT_DOMAIN
    if domain == DEFAULT_DOMAIN and "/" not in remainder:
        remainder = f"{OFFICIAL}/{remainder}"
    return domain, remainder
