"""The pages, one a file: `layout`, and its callbacks, added by `register`."""
