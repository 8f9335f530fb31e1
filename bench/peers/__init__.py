"""The same site with other packages, each as its own documentation writes it.

See bench.sites for what a module has. requirements.txt pins what all compared sites run on, so nothing of the
project is imported here but bench.sites.place.
"""
