"""What callers tell us: typed facts, the calendar they are judged by, and the shape of a request."""
