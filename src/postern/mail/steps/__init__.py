"""The steps of rewriting, one a file, in the order that ``rewrite.py`` gives them. Each takes a draft and gives a draft."""
