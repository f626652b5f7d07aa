"""What is checked of the record, a subject a file; ``actions.verify_record`` tells the whole."""
