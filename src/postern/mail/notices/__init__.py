"""The wording of each notice: a function from plain fields to a Notice. Each sentence is one string, for translators."""
