"""From Arrow record batches to votes: what all rules need of a column is computed once for a batch of rows.

`table` reads a batch into typed columns, `plan` turns a program into a graph in which equal conditions are one node,
`scan` finds all words, phrases and patterns of a text in one pass, `execution` computes the values of the graph with the
kernels of the catalog, `run` puts them together, on the machine that `backends` knows. The engine must agree with the
reference evaluator (`snorkel_dsl.reference`) cell for cell.
"""
