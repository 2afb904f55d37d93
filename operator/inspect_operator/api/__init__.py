"""What a person writes, as typed models; both spellings of a task become one canonical form. No I/O."""
