"""The pure core of Flipline: linking, counting, pricing, crossing and the flip. No I/O, no clock."""
