"""What gardener knows: values, pure functions, ports, use cases. No outside system."""
