print("bored-tidy")
