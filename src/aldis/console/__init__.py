"""The operator's web pages and the admin API: Starlette beside the customers' door, on its own address."""
