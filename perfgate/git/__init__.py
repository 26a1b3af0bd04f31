"""Git as a program: commands, scratch repositories, the data branch, where a file is in its repository."""
