"""What ``aft init`` writes: a repository to begin with, its workflows, and the IAM roles they take.

Pure: texts from values. Writing them is ``aft.app.text_files``'s business.
"""
