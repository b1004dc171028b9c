"""What a training step consists of, as pure data: passes, tiles, layouts and shader sources."""
