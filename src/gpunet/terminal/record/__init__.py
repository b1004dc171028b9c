"""What a screen has shown, as files: an animated SVG, a GIF, or a cast for terminal players."""
