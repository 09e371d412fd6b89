"""The shell around the loop: assess, load, decide, commit, in batches; and the courier that delivers."""
