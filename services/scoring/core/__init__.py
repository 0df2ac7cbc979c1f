"""What Flipline exists for: counting, pricing, crossing, linking, the flip. Pure: no I/O, no clock."""
