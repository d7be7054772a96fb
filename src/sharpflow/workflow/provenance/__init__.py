"""What made each table and figure: a record of each job, and the index that gathers them."""
