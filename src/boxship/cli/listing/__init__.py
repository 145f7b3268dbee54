"""Rows of ps and images: what stands in each column, and how a person's --format puts them together."""
