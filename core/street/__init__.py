"""A street's folder: settings, places, devices, parties, rosters and calendar, checked before anything runs."""
