"""Small programs for people who work on Boxship: nothing of the package imports them."""
