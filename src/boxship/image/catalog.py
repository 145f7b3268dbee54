"""Which images there are and what names lead to them: in the database, and whole in memory.

Reading touches no disk. A change is committed first and becomes visible then.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterable

import msgspec

from boxship.lib.clock import now_ns
from boxship.lib.errors import NotFound
from boxship.model.image import ImageRecord
from boxship.model.reference import Reference, parse
from boxship.storage.database import Database


class Catalog:
    """Images by id, references to ids. Any thread may call.

    Changes take turns; reading waits for none of them, since the event loop reads: it looks at one dictionary at a
    time, and a change puts an image in before its names and takes it out after them.
    """

    def __init__(self, database: Database, added: Callable[[ImageRecord], None] | None = None) -> None:
        """Reads everything once. added: is told of each image that is new."""
        self._added = added
        self._database = database
        self.lock = threading.RLock()
        """Held by changes, and by whoever must see none between two calls."""
        self._images: dict[str, ImageRecord] = {}
        self._names: dict[str, str] = {}
        for reference, image_id in database.read(
            lambda connection: connection.execute("SELECT reference, image FROM tags").fetchall()
        ):
            self._names[reference] = image_id
        for (data,) in database.read(lambda connection: connection.execute("SELECT record FROM images").fetchall()):
            record = msgspec.json.decode(data, type=ImageRecord)
            self._images[record.id] = record
        for image_id in self._images:
            self._refresh(image_id)

    def get(self, image_id: str) -> ImageRecord | None:
        """The image with this whole id."""
        return self._images.get(image_id)

    def named(self, reference: Reference) -> ImageRecord | None:
        """The image that the reference leads to; by its digest when it has one."""
        key = f"{reference.name}@{reference.digest}" if reference.digest else str(reference)
        return self._images.get(self._names.get(key, ""))

    def starting_with(self, prefix: str) -> list[ImageRecord]:
        """The images whose id, without its algorithm, starts with `prefix`."""
        return [image for image in list(self._images.values()) if image.id[7:].startswith(prefix)]

    def all(self) -> list[ImageRecord]:
        """All images, the newest first."""
        return sorted(self._images.values(), key=lambda image: (-image.created, image.id))

    def references(self, image_id: str) -> list[Reference]:
        """All names of an image, sorted."""
        return [parse(name) for name, target in sorted(self._names.items()) if target == image_id]

    def tags_of(self, repository: Reference) -> list[tuple[Reference, ImageRecord]]:
        """The tags of a repository, sorted, each with the image it leads to."""
        found = [(parse(name), self._images.get(target)) for name, target in sorted(self._names.items())]
        return [
            (name, image)
            for name, image in found
            if image is not None and name.tag and not name.digest and name.name == repository.name
        ]

    def has_children(self, image_id: str) -> bool:
        """Whether an image was made from this one on this machine."""
        return any(image.parent == image_id for image in list(self._images.values()))

    def parents(self) -> set[str]:
        """The ids of all images that others were made from."""
        return {image.parent for image in list(self._images.values())}

    def add(self, record: ImageRecord, references: Iterable[Reference] = (), *, tagged: bool = True) -> ImageRecord:
        """Add an image unless it is there, and let names lead to it; the image as it is then.

        A name that led elsewhere is moved. tagged: a person has given the names (LastTagTime is of that).
        """
        given = list(references)
        names = [str(reference) for reference in given]
        with self.lock:
            new = record.id not in self._images
            known = self._images.get(record.id, record)
            stamped = tagged and any(not reference.digest for reference in given)
            record = msgspec.structs.replace(known, last_tagged=now_ns()) if stamped else known

            def write(connection: sqlite3.Connection) -> None:
                _put(connection, record)
                for name in names:
                    connection.execute("INSERT OR REPLACE INTO tags VALUES (?, ?)", (name, record.id))

            self._database.write(write)
            self._images[record.id] = record
            touched = {record.id}
            for name in names:
                touched.add(self._names.get(name, record.id))
                self._names[name] = record.id
            for image_id in touched:
                self._refresh(image_id)
            if self._added is not None and new:
                self._added(record)
            return self._images[record.id]

    def untag(self, references: Iterable[Reference]) -> None:
        """Take names away; their images stay."""
        names = [str(reference) for reference in references]
        with self.lock:
            self._database.write(
                lambda connection: connection.executemany(
                    "DELETE FROM tags WHERE reference = ?", [(name,) for name in names]
                )
            )
            for name in names:
                if (image_id := self._names.pop(name, None)) is not None:
                    self._refresh(image_id)

    def remove(self, image_id: str) -> None:
        """Take an image and all its names away. NotFound when it is not there."""
        with self.lock:
            if image_id not in self._images:
                raise NotFound(f"No such image: {image_id}")

            def write(connection: sqlite3.Connection) -> None:
                connection.execute("DELETE FROM tags WHERE image = ?", (image_id,))
                connection.execute("DELETE FROM images WHERE id = ?", (image_id,))

            self._database.write(write)
            for name in [name for name, target in self._names.items() if target == image_id]:
                del self._names[name]
            del self._images[image_id]

    def layers_of_containers(self) -> set[str]:
        """The diff ids of the layers that containers stand on, whether or not their image still has a name."""
        rows = self._database.read(lambda connection: connection.execute("SELECT record FROM containers").fetchall())
        return {diff_id for (data,) in rows for diff_id in msgspec.json.decode(data, type=_StandsOn).diff_ids}

    def layers_of_images(self) -> set[str]:
        """The diff ids of the layers of all images."""
        return {diff_id for image in list(self._images.values()) for diff_id in image.diff_ids}

    def _refresh(self, image_id: str) -> None:
        references = self.references(image_id)
        self._images[image_id] = msgspec.structs.replace(
            self._images[image_id],
            tags=[reference.familiar for reference in references if not reference.digest],
            digests=[reference.familiar for reference in references if reference.digest],
        )


class _StandsOn(msgspec.Struct):
    """What this module needs of a container's record."""

    diff_ids: list[str]


def _put(connection: sqlite3.Connection, record: ImageRecord) -> None:
    data = msgspec.json.encode(msgspec.structs.replace(record, tags=[], digests=[]))
    connection.execute(
        "INSERT INTO images VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET record = excluded.record", (record.id, data)
    )
