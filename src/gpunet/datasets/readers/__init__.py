"""Readers: one per kind of file that holds a dataset, and what they share.

``path`` chooses the reader; ``idx``, ``table``, ``npz``, ``npy_files``, ``image_folder`` and
``image_table`` read; ``files``, ``packed``, ``features`` and ``labels`` are what all of them stand
on. A table is a ``sheet``, which ``sheets`` opens: ``text_rows`` (after ``first_lines``), ``arff``,
``libsvm``, ``typed_files`` (Parquet, Arrow, JSON lines) and ``workbooks`` make the same blocks of
rows. ``label_column`` says which column is the label, ``columns`` what the others become, and
``encoder`` makes features of them, also of ``model_rows`` and of ``frames`` in memory.
"""
