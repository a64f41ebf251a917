"""What rules know beside their own text: files of terms, tables to look things up in, and names of other rules files.

Everything is read once, when rules are compiled, and only from below a root (`roots`), so that a rules file from elsewhere
cannot read what is none of its business.
"""

from snorkel_dsl.knowledge.resolver import Resolver

__all__ = ["Resolver"]
