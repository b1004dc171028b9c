"""The files of a training: models, checkpoints, run folders, reports, curves and plots."""
