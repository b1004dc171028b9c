"""Training: batches, stopping, metrics, checkpoints, and the loop that joins them."""
