"""Schedules: several writers in one process, every port in memory, and a seed that decides who goes
on at each port call, who is killed, who is frozen, and what the weather is.

The code that plans, applies and keeps the ledger is the product's; what is made here is the world
behind its ports. ``python -m schedules SEED`` (``make faults SEED=…``) plays one again, and prints
every call.
"""
