"""What the text of a JavaScript program says without being run: literals, constants, functions, imports."""
