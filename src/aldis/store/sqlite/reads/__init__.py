"""What reads, on any connection; what one sub-store alone asks stands beside its class in `stores/`."""
