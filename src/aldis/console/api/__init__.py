"""The admin API: what pages can do, for programs. One file a subject; each names its calls in PAGES."""
