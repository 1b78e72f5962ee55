"""One file an outside system, translating its errors into ours."""
