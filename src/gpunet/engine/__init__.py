"""Engines: what carries out the training step, on a GPU or with numpy."""
