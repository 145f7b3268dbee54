"""`boxship cp`: which paths mean what, and the two directions."""
