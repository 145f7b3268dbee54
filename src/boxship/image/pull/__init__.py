"""Pulling images: what a name stands for, which platform, and the layers, several at once."""
