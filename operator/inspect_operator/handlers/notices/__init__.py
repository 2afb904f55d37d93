"""Notices on their way out, apart from everything else: no channel can delay or fail an inspection.

notifier.py       what each channel was told, and a worker for each that has something to tell
delivery.py       Secret → message → requests of one channel
http.py           sends an HTTP request, with the guard in the connection
guard.py          which addresses may be connected to
child.py          runs one of our modules in a process of its own, with a deadline
smtp_child.py     sends an e-mail, in such a process
apprise_child.py  calls apprise, in such a process
counters.py       how many notices were sent and how many attempts failed
"""
