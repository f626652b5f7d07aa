"""The first door: mail comes in by SMTP and goes out by SMTP."""
