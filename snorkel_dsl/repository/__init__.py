"""Folders of rules: finding the files, reading them, their settings, and the tests that stand in them."""
