"""What people do with documents: send, read, decide, take back, follow, prove, carry."""
