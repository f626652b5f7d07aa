"""The seller's desk: sign-in, Messages, threads, figures."""
