"""Task → template → manifests → chart on disk; the only importer of jinja2.

User text is data: it passes the templates as JSON and the chart as a file, and is never read as a template.
"""
