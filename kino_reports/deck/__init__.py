"""The story as a PowerPoint file: native charts and tables on a template that this code makes itself."""
