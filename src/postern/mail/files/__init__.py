"""The files that come with a mail: what each is, whether it may travel, and how what would tell who made it is taken out."""
