"""What Docker has and this engine does not have yet."""
