"""The operations: what is written in one transaction, and the reads that it needs.

A file here is found by itself.
"""

from importlib import import_module
from pkgutil import iter_modules

from aldis.store.sqlite.engine.operations import OPERATIONS

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

#: in the order of their names, so that both ends of a socket count alike
ALL = tuple(OPERATIONS[name] for name in sorted(OPERATIONS))
