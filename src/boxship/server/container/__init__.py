"""The verbs of containers over HTTP: one file a verb."""
