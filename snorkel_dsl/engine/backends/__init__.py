"""Filled by the build."""
