"""Tables: rows of numbers and words, in files or in memory, that become features.

``table`` makes a dataset of a table, ``model_rows`` makes samples for a trained model. A table is a
``sheet``, which ``sheets`` opens: ``text_rows`` (after ``first_lines``), ``arff``, ``libsvm``,
``typed_files`` (Parquet, Arrow, JSON lines) and ``workbooks`` make the same blocks of rows.
``label_column`` chooses the columns to predict (by ``named_columns`` if the user names them, else
by ``guessed_label``), ``target_columns`` reads them, ``columns`` decides what the other columns
become, and ``encoder`` makes features of them, also for ``frames`` in memory.
"""
