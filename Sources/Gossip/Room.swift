// The Gossip room: see docs/ARCHITECTURE.md.
