"""The verbs of execs over HTTP."""
