"""What people read of results: tables as text, the account of one row, the results of tests. Data in, text out."""
