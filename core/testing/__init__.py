"""The test kit for plugin authors: a whole civicloop in memory, on a clock you control."""
