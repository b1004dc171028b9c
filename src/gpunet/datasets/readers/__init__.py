"""Readers: one for each kind of file that holds a dataset, and their shared code.

``path`` chooses the reader; ``idx``, ``npz``, ``npy_files``, ``image_folder`` and ``image_table``
are the readers here; tables have a package of their own, ``datasets.tables``. All of them use
``files``, ``packed``, ``features``, ``labels`` and ``parts``.
"""
