"""Security profiles: what a container may ask of the kernel."""
