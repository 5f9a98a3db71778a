"""`ladders log`: the commands that look after the verdict log, each in a file of its own."""

from __future__ import annotations

import click

from service.cli.log_accept_rollback import accept_rollback
from service.cli.log_check_disclosure import check_disclosure
from service.cli.log_check_proof import check_proof
from service.cli.log_check_receipt import check_receipt
from service.cli.log_copy import copy
from service.cli.log_erase import erase
from service.cli.log_export import export
from service.cli.log_find import find
from service.cli.log_init import init
from service.cli.log_migrate import migrate
from service.cli.log_new_key import new_key, retire_key
from service.cli.log_person import person
from service.cli.log_prove import prove
from service.cli.log_publish import publish
from service.cli.log_replay import replay
from service.cli.log_rotate_keys import rotate_keys
from service.cli.log_show import show
from service.cli.log_status import status
from service.cli.log_trust import trust
from service.cli.log_verify import verify


@click.group()
def log() -> None:
    """Look after the verdict log.

    \b
    Make one in PostgreSQL:    ladders log init postgresql://postgres@db.example/ladders --service ladders
    Bring it up to date:       ladders log migrate postgresql://postgres@db.example/ladders
    Move a log there:          ladders log copy var/verdicts.db postgresql://postgres@db.example/ladders
    See how it stands:         ladders log status
    Verify it:                 ladders log verify
    Take it elsewhere:         ladders log export FOLDER
    Verify it there:           ladders log verify FOLDER --trust FILE
    Prove one verdict:         ladders log prove VERDICT-ID --out NAME.tlog-proof
    Check what was shown:      ladders log check-disclosure FILE --proof NAME.tlog-proof --trust FILE
    Check receipts:            ladders log check-receipt FILE --trust FILE
    Find entries:              ladders log find --track people-lead --outcome not_eligible
    Show one:                  ladders log show 88121
    Judge verdicts again:      ladders log replay --sample 100
    All about a person:        ladders log person E-1042
    Erase a person:            ladders log erase --person E-1042
    Wrap all keys anew:        ladders log rotate-keys
    """


for command in (
    find, show, replay, person, status, verify, export, prove, check_proof, check_disclosure, check_receipt,
    trust, publish, erase, init, migrate, copy, rotate_keys, new_key, retire_key, accept_rollback,
):  # fmt: skip
    log.add_command(command)
