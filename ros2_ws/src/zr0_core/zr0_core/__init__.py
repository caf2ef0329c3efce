"""Types, embodiments, kinematics, alignment, normalisation and message decoding that every ZR-0 package agrees on."""
