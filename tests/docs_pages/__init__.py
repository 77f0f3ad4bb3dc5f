"""What keeps docs/ true: parts made from the code, and pages that are played like a script.

``python -m tests.docs_pages`` (``make docs``) rewrites what is made from the code;
``python -m tests.docs_pages --record`` also plays the pages and writes down what commands say now.
``tests/docs`` fails while either would change a page.
"""
