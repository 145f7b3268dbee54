"""What `boxship setup` puts on a machine, and takes away."""
