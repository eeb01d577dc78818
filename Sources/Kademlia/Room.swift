// The Kademlia room: see docs/ARCHITECTURE.md.
