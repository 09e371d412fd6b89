"""The shell around the loop: one turn after the other assesses, loads, decides and commits, at the time it is given."""
