"""Readers: one per kind of file that holds a dataset, and what they share.

``path`` chooses the reader; ``idx``, ``table`` (CSV), ``npz``, ``image_folder`` and ``image_table``
read; ``files``, ``packed``, ``features`` and ``labels`` are what all of them stand on. A table is
read as ``text_rows``, which begin after ``first_lines``; ``label_column`` says which column is the
label, ``columns`` what the others become, and ``encoder`` makes features of them.
"""
