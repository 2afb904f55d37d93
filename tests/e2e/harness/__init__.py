"""What the tests on a cluster share: kubectl and helm as a user types them, and the operator as a process."""
