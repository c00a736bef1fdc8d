"""What is taken along: scores and verdicts as tables, reports."""
