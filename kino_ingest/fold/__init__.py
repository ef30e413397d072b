"""Landed events become the operational tables: pure decisions in one module a source, thin writes around them.

The tables are a function of the set of events: whatever order, batches or repetitions they arrive in, and whichever
worker folds them, the rows come out the same.
"""
