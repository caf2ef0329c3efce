"""The ZR-0 architecture: a Qwen3-VL backbone and a flow-matching action expert."""
