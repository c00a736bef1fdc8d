"""The dashboard: see the outlier runs of a workspace, understand one, decide."""
