"""Notices, as values: which are due, what they say, and the requests that carry them. Nothing is sent from here.

due.py      rows of the status and what was told → which changes are to be told
record.py   what was told, as it stands in the status
texts.py    changes → a message, in English or Chinese
message.py  a message, and the values that carry one: HTTP requests, an e-mail, an apprise URL
secrets.py  what stands in a channel's Secret
channels.py by kind of channel the module that makes requests of a message: webhook, slack, feishu and so on
"""
