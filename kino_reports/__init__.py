"""Reports: gold is frozen into one snapshot, told as one story, and rendered as HTML, PDF, PowerPoint and e-mail.

The way in is `kino_reports.make.make_report`; what was made is found through `kino_reports.store`.
"""
