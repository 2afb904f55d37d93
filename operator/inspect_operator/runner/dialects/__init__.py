"""The ways in which a script may tell what it found, one small module each.

Dialects of one line (case_name, check_word, json_lines) have two functions: `may_hold(data)` rules out a line, or a
block of many lines, with a few plain searches; `parse(text)` returns the finding in one line of clean text, or None.
`junit` reads a document. All are pure, and none raises or takes long on any text.
"""
