"""The numpy engine: the specification of every number."""
