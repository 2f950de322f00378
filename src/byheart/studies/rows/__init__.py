"""One file a study; related claims share one."""
