"""Hyperparameter search: a batch of trials is one population, trained side by side."""
