"""The use cases as functions: train, resume, evaluate, predict."""
