"""Datasets: what they are, how they are read, fetched and drawn."""
