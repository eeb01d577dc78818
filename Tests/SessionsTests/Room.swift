// Tests of Sessions.
