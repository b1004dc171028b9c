"""Plans a training step as pure data: passes, tiles, layouts and shader sources."""
