"""The scripted operator: solves tasks from ground truth, to judge the loop and to demonstrate."""
