"""The pieces of reading a mail: header, addresses, parameters, parts, encodings, charsets. Octets in, plain values out."""
