"""Links over MM7: multimedia messages to an MMSC, its reports, and what handsets send."""
