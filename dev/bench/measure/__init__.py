"""What an operator costs: requests, writes, helm processes, seconds, CPU and memory, by scenario."""
