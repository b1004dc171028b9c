"""Files: written whole or not at all, kept in caches, checked, and found beside the code."""
