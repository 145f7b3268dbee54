"""Swarm over HTTP: this engine is no part of one."""
