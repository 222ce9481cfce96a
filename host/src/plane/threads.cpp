// The registry of threads.
