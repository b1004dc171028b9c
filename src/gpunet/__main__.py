"""``python -m gpunet`` is the command ``gpunet``."""

from gpunet.cli import main

__all__: list[str] = []

if __name__ == "__main__":
    main()
