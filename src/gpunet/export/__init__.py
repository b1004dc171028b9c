"""A model as a page: one HTML file that draws, answers and trains in a browser.

``page`` joins the parts, ``page_data`` gathers the page's data, ``programs`` the passes that it may
run, ``packing`` writes numbers as text. The page's own code is in ``web/``.
"""
