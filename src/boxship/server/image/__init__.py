"""The routes of images."""
