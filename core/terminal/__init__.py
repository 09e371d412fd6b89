"""What the command line says and shows: words in two languages, tables, the story of a case, the daemon's log."""
