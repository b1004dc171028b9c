"""Engines: they run the training step, on a GPU or with numpy."""
