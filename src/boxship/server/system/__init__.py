"""The daemon itself over HTTP: ping, version, info, events, disk usage."""
