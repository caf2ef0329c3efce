"""The adapter of UFACTORY's xarm-python-sdk: degrees, millimetres and SDK codes exist only here."""
