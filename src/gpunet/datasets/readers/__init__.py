"""Readers: one per kind of file that holds a dataset, and what they share.

``path`` chooses the reader; ``idx``, ``npz``, ``npy_files``, ``image_folder`` and ``image_table``
read here, and tables in a room of their own, ``datasets.tables``. ``files``, ``packed``,
``features``, ``labels`` and ``parts`` are what all of them stand on.
"""
