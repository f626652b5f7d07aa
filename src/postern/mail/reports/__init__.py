"""How mail servers report what became of a mail: by the standard, and in the forms of programs that know none."""
