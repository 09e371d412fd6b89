"""The doors: how events and answers come in over HTTP and from files, and how cases are read."""
