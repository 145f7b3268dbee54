"""The client of registries (OCI distribution spec): synchronous, safe from any thread.

`config` and `credentials` are plain values. `client` imports urllib3 and ssl: whoever needs it imports it when the
first registry is asked, not at the daemon's start.
"""
