"""Files given to be read: opened, told what they are, put in order of time; and CSV out."""
