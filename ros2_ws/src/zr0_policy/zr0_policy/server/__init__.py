"""A policy over a websocket, for other simulators and benchmarks, as clients of openpi and ZR-0 expect it."""
