"""Where events, cases and notices live: one contract, the same tests for every store."""
