"""What leaves, as values: status, events, notices. Pure: nothing is sent from here."""
