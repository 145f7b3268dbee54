"""What may come next on the command line. The shells ask by `boxship __complete WORDS...`, see scripts.py."""
