"""Hostile callers: requests made up from our own description of the API, and what must hold whatever they ask."""
