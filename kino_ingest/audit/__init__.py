"""The audit after it was written: sealed into a hash chain, verified, and cut off when it is old enough."""
