"""A model as a page: one HTML file that draws, answers and trains in a browser.

``page`` joins the parts, ``page_data`` gathers what the page is told, ``programs`` the passes that
it may run, ``packing`` writes numbers as text. What the page does with them is in ``web/``.
"""
