"""What operators can do, once for the console, the admin API and the command line: the same checks, the same
audit entry. Nothing here knows a page, a request or a terminal.
"""
