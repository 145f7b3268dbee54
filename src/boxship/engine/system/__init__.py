"""The daemon itself: what it is and where it runs."""
