"""The verbs of images."""
