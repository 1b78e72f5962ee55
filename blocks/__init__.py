"""Values → Block Kit and the mandatory fallback text. No I/O."""
