"""The stations of a mail on its way in, in the order in which ``receive_mail`` calls them: route, facts, passage, record."""
