"""GitHub Actions on this machine: our workflow files' steps, executed for real.

    with hub(root) as it:
        pull = it.open_pull("topic")
        (run,) = it.pull_request(pull, "opened")
        run.jobs["plan"].annotations

Read in this order: ``document`` (what the files say), ``expressions`` and ``evaluate``
(``${{ }}``), ``hub`` (the repository, its settings and events), ``run`` (jobs), ``job`` and
``steps`` (what happens in one), ``actions`` (what stands for the actions we use).

What differs from GitHub: jobs run one after another, in this machine's own shell and git; of
``uses:`` only the actions in ``actions`` are known, everything else is refused; pip's
installation of aft is replaced by the aft under test (``toolchain``); concurrency groups and time
limits are worked out and recorded, not enforced.
"""
