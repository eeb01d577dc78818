print("bored-bench")
