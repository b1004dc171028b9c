"""Tables: rows of numbers and words, in files or in memory, that become features.

``table`` makes a dataset of a table, ``model_rows`` samples for a model that is trained. A table is
a ``sheet``, which ``sheets`` opens: ``text_rows`` (after ``first_lines``), ``arff``, ``libsvm``,
``typed_files`` (Parquet, Arrow, JSON lines) and ``workbooks`` make the same blocks of rows.
``label_column`` says which columns are to be predicted (those of ``named_columns`` if the user
names them, else of ``guessed_label``), ``target_columns`` what they hold, ``columns`` what the
others become, and ``encoder`` makes features of them, also of ``frames`` in memory.
"""
