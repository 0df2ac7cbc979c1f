"""What persons and scores have to be, by definition: slow, plain, and without a line of the product."""
