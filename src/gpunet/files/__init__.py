"""Files: writes them whole or not at all, caches and checks them, and finds bundled ones."""
