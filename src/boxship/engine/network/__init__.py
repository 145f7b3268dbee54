"""Networks, and what containers have in them; one file a verb."""
