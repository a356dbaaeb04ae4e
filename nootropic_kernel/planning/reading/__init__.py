"""Reading a brief: from its words to what is to be made, within which limits; every word is accounted for."""
