"""What leaves, as values: status, events. Pure: nothing is sent from here."""
