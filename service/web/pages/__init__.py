"""Pages for people: what there is at which address, and what each kind of problem means."""
