"""What is read: answers as text and as records, one file a question."""
