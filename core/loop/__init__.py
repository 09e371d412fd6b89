"""The closed loop as pure functions: same input, same answer; no clock, no chance, no input or output."""
