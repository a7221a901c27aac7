"""Where customers come in."""
