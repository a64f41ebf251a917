"""Functions of plugins: Python that others wrote and that rules may call, by signatures that are stored beside it.

A plugin is an installed package with an entry point in the group `snorkel_dsl.plugins` and a `functions.toml` in its folder.
`stored` reads that file, `installed` finds it without running any of the plugin's code, and `calling`, which alone imports
plugins, calls their functions and trusts nothing that comes back.
"""
