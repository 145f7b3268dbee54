"""Who we are to registries, as docker's config.json and its credential helpers keep it."""
