"""The OCI runtime command line, `boxship oci`: containers from bundles, without the daemon.

Over the same plan and child code as the engine. Sources: OCI runtime-spec runtime.md for the operations, runc(8) for
the words that podman and containerd use.
"""
