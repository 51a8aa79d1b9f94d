"""Studies: commands that regenerate a table or figure of a paper on data that you have. One file a study."""
