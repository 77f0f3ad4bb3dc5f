"""What text may hold that people read: one rule on the way in and on the way out."""
