"""The programs of the campaigns, on small samples."""
