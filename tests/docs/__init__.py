"""What tests know of the documentation: its pages, and what the blocks in them are."""
