"""Data in and data out: files and frames become Arrow record batches, results become files.

Nothing here knows rules. A row that cannot be read stays a row, without values, and is reported; it is never lost.
"""
