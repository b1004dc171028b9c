"""Hyperparameter search: a batch of trials is one population, trained side by side."""

from gpunet.errors import MissingExtraError

__all__ = ["require_optuna"]


def require_optuna() -> None:
    """Make sure that Optuna can be imported.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import optuna  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("searching for settings", "Optuna", "tune") from error
