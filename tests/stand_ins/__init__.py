"""Services that the product talks to, on loopback, close enough to the real ones to be talked to in earnest."""
