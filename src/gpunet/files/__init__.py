"""Files: written whole or not at all, kept in caches, and found beside the code."""
