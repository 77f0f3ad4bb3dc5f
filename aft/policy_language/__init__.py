"""What a policy allows: IAM's policy language, evaluated, compared and checked. Pure.

``policy`` compiles a document once, ``evaluate`` answers what one request is, ``ceiling`` what the
SCPs and RCPs of a whole organization leave possible, ``compare`` whether a changed policy gives
more power, ``grammar`` what each type of policy may hold. Every answer has three values: a key that
that is unknown is neither absent nor present, and what follows from it *depends*.

Imports nothing but the standard library and ``aft``'s errors, values and findings.
"""
