"""Who may send what to whom and for how much: the directory's records, and pure questions asked of them."""
