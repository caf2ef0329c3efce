"""The graph of nodes, launch files, supervisor and command line of the ZR-0 stack."""
