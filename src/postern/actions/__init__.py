"""The verbs: one use case a file. Transactions open here and nowhere else; doors speak, the middle decides."""
