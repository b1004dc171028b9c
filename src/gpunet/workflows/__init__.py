"""What people want done with a network: train, resume, evaluate, predict, as functions."""
