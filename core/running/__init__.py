"""What keeps an engine going: clocks, the turn loop, the courier, retention, and a watch over strangers' code."""
