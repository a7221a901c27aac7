"""The console from outside, by other people's tools: `make e2e`."""
