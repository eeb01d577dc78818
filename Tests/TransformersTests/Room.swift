// Tests of Transformers.
