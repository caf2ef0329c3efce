"""The controller: states, watchdogs, the control loop and the operator's requests."""
