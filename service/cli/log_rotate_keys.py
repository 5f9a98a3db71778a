"""`ladders log rotate-keys`: nothing goes in; every key of a person is wrapped anew, and the old wrapping key
is gone.
"""

from __future__ import annotations

import click

from service.cli.config_file import config_file


@click.command("rotate-keys")
@config_file
def rotate_keys() -> None:
    """Wrap the keys of all people under a new key, and destroy the old one.

    Then older backups of the keys open nothing any more: what was erased since they were made is out of their
    reach too. Make a new backup of the folder of keys right afterwards. The service may go on meanwhile.

    Exit codes: 0 done; 2 it could not be done; running it again goes on from there.
    """
    from service.cli.opened_log import opened_log

    with opened_log() as log:
        count = log.rotate_keys()
    click.echo(f"{count} keys of people are wrapped anew; make a new backup of the folder of keys now")
