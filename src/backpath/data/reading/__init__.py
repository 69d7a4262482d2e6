"""Files and frames of other libraries as columns that have a kind; and where a cell of text is made a value."""
