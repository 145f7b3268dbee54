"""One endpoint of a registry in use: where it is, who we are to it, what is tried again, where redirects lead."""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from boxship.registry.config import Endpoint, RegistryConfig
from boxship.registry.credentials import Credentials
from boxship.registry.errors import (
    LONGEST_BODY,
    CertificateRefused,
    RegistryError,
    TooManyRequests,
    Unreachable,
    Untrusted,
    from_answer,
    status_line,
)
from boxship.registry.limits import RateLimit, rate_limit, retry_after
from boxship.registry.tokens import Authorizer
from boxship.registry.transport import Answer, Body, Transport

Notice = Callable[[str], None]
MOST_REDIRECTS = 10
_TRY_AGAIN = (429, 500, 502, 503, 504)
_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_TOKENS = 3


@dataclass(frozen=True, slots=True)
class Upload:
    """A body that can be sent once more. open: gives its pieces from the start; size: its bytes, None for unknown."""

    open: Callable[[], Body]
    size: int | None


class Session:
    """Requests to one endpoint. Any thread may use it."""

    def __init__(
        self,
        transport: Transport,
        config: RegistryConfig,
        endpoint: Endpoint,
        credentials: Credentials,
        notice: Notice | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.transport = transport
        self.rate_limit: RateLimit | None = None
        self._config = config
        self._notice = notice
        self._authorizer = Authorizer(transport, config, endpoint, credentials)
        self._lock = threading.Lock()
        self._base = ""

    def base(self) -> str:
        """The endpoint's URL, found by asking it. Unreachable in the words of the last that was tried."""
        with self._lock:
            if not self._base:
                self._base = self._find()
            return self._base

    def login(self) -> str:
        """Prove who we are; an identity token where one is given, else "". RegistryError."""
        url = f"{self.base()}/v2/"
        try:
            token = self._authorizer.login()
        except (Unreachable, Untrusted):
            raise
        except RegistryError as error:
            raise error.during("GET", url) from None
        headers = self._own_headers("GET", url, ())
        answer = self.transport.open("GET", url, headers=headers, verify=self.endpoint.verify)
        discard(answer)
        if answer.status != 200:
            raise RegistryError(
                f"login attempt to {url} failed with status: {status_line(answer.status)}",
                status=answer.status,
                url=url,
            )
        return token

    def request(
        self,
        method: str,
        path: str,
        *,
        scopes: Iterable[str],
        expect: tuple[int, ...],
        headers: Mapping[str, str] | None = None,
        body: Upload | None = None,
        again: bool = True,
    ) -> Answer:
        """Ask for `path` (below /v2/, or a whole URL of this endpoint's own making) until it is answered.

        expect: the statuses that are no error. again: whether it may be made more than once when it fails; a
        refused token is renewed in any case. The answer's body is the caller's, to read and to close. RegistryError.
        """
        url = path if "://" in path else f"{self.base()}/v2/{path}"
        attempt = 1
        while True:
            try:
                return _checked(self._authorized(method, url, tuple(scopes), headers or {}, body), url, expect)
            except RegistryError as error:
                pause = self.pause_after(error, attempt) if again else None
                if pause is None:
                    raise self._explained(error) from None
            self.transport.pause(pause)
            attempt += 1

    def pause_after(self, error: RegistryError, attempt: int) -> float | None:
        """Seconds to wait before one more try after `attempt` of them; None when it would be no use. Tells of it."""
        passing = isinstance(error, Unreachable) and not isinstance(error, CertificateRefused)
        if not passing and error.status not in _TRY_AGAIN:
            return None
        pause = self._config.patience.pause(attempt, error.wait if isinstance(error, TooManyRequests) else None)
        if pause is not None and self._notice is not None:
            left = f" ({self.rate_limit})" if isinstance(error, TooManyRequests) and self.rate_limit else ""
            self._notice(f"{error.message}{left}; trying again in {pause:.0f} s")
        return pause

    def _authorized(
        self, method: str, url: str, scopes: tuple[str, ...], headers: Mapping[str, str], body: Upload | None
    ) -> Answer:
        for round_ in range(_MOST_TOKENS):
            ours = self._own_headers(method, url, scopes) if self._is_own(url) else {}
            answer, place = self._follow(method, url, {**headers, **ours}, body)
            # Where a redirect led, nobody has a say in who we are.
            if answer.status != 401 or not self._is_own(place) or round_ == _MOST_TOKENS - 1:
                break
            if not self._authorizer.refused(scopes, answer.headers.getlist("www-authenticate"), ours):
                break
            discard(answer)
        return answer

    def _own_headers(self, method: str, url: str, scopes: tuple[str, ...]) -> dict[str, str]:
        try:
            return self._authorizer.headers(scopes)
        except (Unreachable, Untrusted):
            raise
        except RegistryError as error:
            # Docker asks by HEAD before it asks for a manifest; people know its words.
            looked = "HEAD" if method == "GET" and "/manifests/" in url else method
            raise error.during(looked, url) from None

    def _follow(self, method: str, url: str, headers: dict[str, str], body: Upload | None) -> tuple[Answer, str]:
        """The answer, and the URL that gave it."""
        first = url
        for _ in range(MOST_REDIRECTS + 1):
            answer = self.transport.open(
                method,
                url,
                headers=headers,
                body=body.open() if body is not None else None,
                size=body.size if body is not None else None,
                verify=self._verifies(url),
            )
            self._note(answer)
            location = answer.headers.get("location")
            if answer.status not in _REDIRECTS or not location or method not in ("GET", "HEAD"):
                return answer, url
            discard(answer)
            target = joined(url, location)
            if urlsplit(url).scheme == "https" and urlsplit(target).scheme != "https" and not self._plain(target):
                raise Untrusted(f"{first} redirects from https to {_shown(target)}: not followed", url=first)
            if origin(target) != origin(url):
                headers = {key: value for key, value in headers.items() if key.lower() != "authorization"}
            url = target
        raise Untrusted(f'{method.capitalize()} "{first}": stopped after {MOST_REDIRECTS} redirects', url=first)

    def _find(self) -> str:
        failed: RegistryError | None = None
        for base in self.endpoint.urls:
            url = f"{base}/v2/"
            try:
                answer = self.transport.open("GET", url, headers={}, verify=self.endpoint.verify)
            except CertificateRefused:
                raise
            except Unreachable as error:
                failed = error
                continue
            self._note(answer)
            self._authorizer.learn(base, answer.headers.getlist("www-authenticate") if answer.status == 401 else ())
            discard(answer)
            return base
        assert failed is not None
        raise failed

    def _is_own(self, url: str) -> bool:
        return origin(url) == origin(self.base())

    def _verifies(self, url: str) -> bool:
        if self._is_own(url):
            return self.endpoint.verify
        return not self._config.is_insecure(urlsplit(url).netloc.rpartition("@")[2])

    def _plain(self, url: str) -> bool:
        return self._config.is_insecure(urlsplit(url).netloc.rpartition("@")[2])

    def _note(self, answer: Answer) -> None:
        self.rate_limit = rate_limit(answer.headers) or self.rate_limit

    def _explained(self, error: RegistryError) -> RegistryError:
        if isinstance(error, TooManyRequests):
            facts = [str(self.rate_limit)] if self.rate_limit is not None else []
            if error.wait is not None:
                facts.append(
                    f"next in {error.wait / 60:.0f} min" if error.wait >= 120 else f"next in {error.wait:.0f} s"
                )
            message = error.message + (f" ({', '.join(facts)})" if facts else "")
            return TooManyRequests(message, wait=error.wait, status=error.status, codes=error.codes, url=error.url)
        return error


def joined(url: str, location: str) -> str:
    """Where an answer of `url` leads. Untrusted when that is no URL."""
    try:
        target = urljoin(url, location)
        urlsplit(target)
    except ValueError:
        raise Untrusted(f"{url} leads to a place that is no URL", url=url) from None
    return target


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port: what a request's credentials belong to."""
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = -1
    return parts.scheme, (parts.hostname or "").lower(), port or {"http": 80, "https": 443}.get(parts.scheme, 0)


def _checked(answer: Answer, url: str, expect: tuple[int, ...]) -> Answer:
    if answer.status in expect:
        return answer
    try:
        body = b"" if answer.status < 400 else answer.read(LONGEST_BODY)
    except Exception:
        body = b""
    finally:
        answer.close()
    challenge = " ".join(answer.headers.getlist("www-authenticate"))
    raise from_answer(answer.status, body, url=url, wait=retry_after(answer.headers), challenge=challenge)


def discard(answer: Answer) -> None:
    """Read a small body to its end, so that the connection serves again; give a large one up with its connection."""
    try:
        if len(answer.read(LONGEST_BODY)) < LONGEST_BODY:
            answer.release_conn()
            return
    except Exception:
        pass
    answer.close()


def _shown(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
