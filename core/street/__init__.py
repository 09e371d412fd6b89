"""A street's folder: settings, places, devices, parties, roster and calendar, checked before anything runs."""
