"""The images of one daemon. Synchronous and safe from any thread; the verbs of engine/image call it."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager

from boxship.image.arriving import Progress
from boxship.image.catalog import Catalog
from boxship.image.commit import Commit, commit
from boxship.image.import_rootfs import import_rootfs
from boxship.image.load import load
from boxship.image.prune import prune
from boxship.image.pull.transfers import Transfers
from boxship.image.remove import InUse, Removal, remove
from boxship.image.sources import Sources
from boxship.lib.errors import NotFound
from boxship.model import digest as digests
from boxship.model import reference as references
from boxship.model.image import ImageRecord
from boxship.model.platform import Platform
from boxship.model.reference import Reference
from boxship.storage.content import ContentStore
from boxship.storage.database import Database
from boxship.storage.layers import Readable
from boxship.storage.leases import Leases
from boxship.storage.snapshot.base import Snapshotter


class ImageStore:
    """Names, configs and layers together.

    A layer stays as long as an image, a container or a lease needs it. Whatever an interrupted operation brought, no
    record names: `sweep` removes it at the next start.
    """

    def __init__(self, database: Database, content: ContentStore, snapshotter: Snapshotter) -> None:
        self.catalog = Catalog(database, added=lambda record: snapshotter.expect(record.diff_ids))
        self.content = content
        self.snapshotter = snapshotter
        self.leases = Leases()
        self.sources = Sources(database)
        self.transfers = Transfers()

    def resolve(self, name: str) -> ImageRecord:
        """The image that `name` means: a reference, an id, or the beginning of an id if it is the only one.

        InvalidParameter when it can be none of these, NotFound "No such image: x:latest".
        """
        if references.is_identifier(name):
            name = f"sha256:{name}"
        if digests.is_digest(name):
            image = self.catalog.get(name)
            if image is None:
                raise NotFound(f"No such image: {name}")
            return image
        reference = references.parse(name).with_default_tag()
        image = self.catalog.named(reference) or self._by_prefix(name)
        if image is None:
            raise NotFound(f"No such image: {reference.familiar}")
        return image

    def get(self, image_id: str) -> ImageRecord:
        """The image with this whole id. NotFound when there is none."""
        image = self.catalog.get(image_id)
        if image is None:
            raise NotFound(f"No such image: {image_id}")
        return image

    def all(self) -> list[ImageRecord]:
        """All images, the newest first."""
        return self.catalog.all()

    def config_blob(self, image_id: str) -> bytes:
        """The config of an image, byte for byte (reads the disk)."""
        return self.content.get(image_id)

    @contextmanager
    def hold(self, image_id: str) -> Iterator[ImageRecord]:
        """Keep an image's layers while the block runs, whoever removes it; a prune keeps the image, too.

        NotFound when it is gone already.
        """
        with ExitStack() as stack:
            with self.catalog.lock:
                image = self.get(image_id)
                stack.enter_context(self.leases.hold([image.id, *image.diff_ids]))
            yield image

    @contextmanager
    def keep(self, diff_ids: list[str]) -> Iterator[None]:
        """While the block runs nobody removes these layers, those that are here and those that come.

        The lock: a removal that is under way has decided already, and is over when this begins.
        """
        with ExitStack() as stack:
            with self.catalog.lock:
                stack.enter_context(self.leases.hold(diff_ids))
            yield

    def import_rootfs(
        self,
        stream: Readable,
        *,
        reference: Reference | None,
        changes: list[str],
        message: str,
        platform: Platform,
        source: str = "-",
    ) -> ImageRecord:
        """Make an image of one layer from the tar of a root file system, compressed or not. See import_rootfs.py."""
        return import_rootfs(
            self,
            stream,
            reference=reference,
            changes=changes,
            message=message or f"Imported from {source}",
            platform=platform,
        )

    def commit(self, stream: Readable, *, parent: str, step: Commit, reference: Reference | None) -> ImageRecord:
        """Make an image of one more layer, an uncompressed tar, over another image. See commit.py."""
        return commit(self, stream, parent=parent, step=step, reference=reference)

    def load(
        self,
        stream: Readable,
        report: Callable[[str], None],
        progress: Progress | None = None,
        platform: Platform | None = None,
    ) -> list[ImageRecord]:
        """Take the images of a `docker save` archive or an OCI layout, compressed or not. See load.py."""
        return load(self, stream, report, progress, platform)

    def tag(self, name: str, target: Reference) -> ImageRecord:
        """Let `target` lead to the image that `name` means. Errors of `resolve`."""
        with self.catalog.lock:
            return self.catalog.add(self.resolve(name), [target])

    def remove(self, name: str, *, force: bool, parents: bool, in_use: InUse) -> Removal:
        """Remove a name, and the image when it was the last one. See remove.py."""
        return remove(self, name, force=force, parents=parents, in_use=in_use)

    def prune(self, *, dangling: bool, wanted: Callable[[ImageRecord], bool], in_use: InUse) -> Removal:
        """Remove the images that no container needs. See prune.py."""
        return prune(self, dangling=dangling, wanted=wanted, in_use=in_use)

    def collect(self, diff_ids: Iterable[str]) -> set[str]:
        """Remove those of the layers that nothing needs any more; which they were.

        To be called after an image or a container that stood on them is gone.
        """
        with self.catalog.lock:
            unused = set(diff_ids) - self.leases.held() - self.catalog.layers_of_images()
            if unused:
                unused -= self.catalog.layers_of_containers()  # reads the database, so only when it has to be
                self.snapshotter.discard(unused)
                self.sources.forget(unused)
        return unused

    def needed_layers(self) -> set[str]:
        """The diff ids of the layers that an image, a container or a running operation needs."""
        with self.catalog.lock:
            return self.leases.held() | self.catalog.layers_of_images() | self.catalog.layers_of_containers()

    def sweep(self) -> None:
        """At start, before the first request: remove what an earlier daemon had begun and not finished."""
        self.snapshotter.sweep()
        self.collect(self.snapshotter.layers())
        self.snapshotter.trim(image.diff_ids for image in self.catalog.all())
        self.sources.keep_only(self.snapshotter.layers())
        self.content.sweep({image.id for image in self.catalog.all()})

    def _by_prefix(self, name: str) -> ImageRecord | None:
        found = self.catalog.starting_with(name.removeprefix("sha256:"))
        return found[0] if len(found) == 1 else None
