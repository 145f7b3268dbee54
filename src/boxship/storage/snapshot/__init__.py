"""Snapshotters: how an image's layers become a container's root."""
