"""The house that joins the rooms: command line, site, Asterisk, supervision."""
