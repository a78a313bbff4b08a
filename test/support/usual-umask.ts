/** Before each file of tests: the umask of a shell. Files share processes, and a collector makes that of its own strict. */
process.umask(0o022);
