"""What a training leaves: model files, checkpoints, run folders, reports, curves and plots."""
