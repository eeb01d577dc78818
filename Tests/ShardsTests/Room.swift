// Tests of Shards.
