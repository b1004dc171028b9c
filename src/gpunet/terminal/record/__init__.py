"""Recordings of a screen as files: animated SVG, GIF, or a cast for terminal players."""
