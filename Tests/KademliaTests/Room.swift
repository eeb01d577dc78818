// Tests of Kademlia.
