"""Networks of containers: addresses, bridges, packet rules, names. Drivers turn values into kernel work."""
