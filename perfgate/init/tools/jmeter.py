def recognizes(source):
    return False
