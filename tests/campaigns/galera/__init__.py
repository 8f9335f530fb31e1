"""The load of the soak on a MariaDB Galera cluster of three nodes, while nodes die, lag and are cut off.

``make galera``; docs/scaling.md says how to read what it prints.
"""
