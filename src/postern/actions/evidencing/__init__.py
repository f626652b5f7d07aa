"""Making an evidence pack: what happened between a buyer and a seller, its proof, its pages, and the file that holds them."""
