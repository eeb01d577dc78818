print("bored")
