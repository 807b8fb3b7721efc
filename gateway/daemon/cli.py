"""The command ``gatehouse``. Each command imports what it needs when it runs, so that ``--help`` answers at once."""

# ruff: noqa: PLC0415, FBT002  # typer's options are parameters; the imports inside the commands are the point of this module

import sys
from pathlib import Path
from typing import Annotated

import typer

from gateway.daemon.memory import keep_out_of_dumps
from gateway.domain.errors import GatehouseError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,  # a local variable may be a key
    help="Open gate system for residential compounds.",
)
audit = typer.Typer(no_args_is_help=True, help="The record of what happened.")
controllers = typer.Typer(no_args_is_help=True, help="Gate controllers.")
keys = typer.Typer(no_args_is_help=True, help="Keys of the cards.")
users = typer.Typer(no_args_is_help=True, help="People who use Gatehouse.")
lists = typer.Typer(no_args_is_help=True, help="Whitelists.")
app.add_typer(lists, name="lists")
app.add_typer(audit, name="audit")
app.add_typer(controllers, name="controllers")
app.add_typer(keys, name="keys")
app.add_typer(users, name="users")

ConfigFile = Annotated[
    Path, typer.Option("--config", "-c", envvar="GATEHOUSE_CONFIG", help="The configuration file.", dir_okay=False)
]
DEFAULT = Path("gatehouse.toml")
_CREDENTIAL = (
    "A card's UID in hexadecimal, or kind:value, such as plate:粤B12345 or pin:1234; secure: and 16 hexadecimal digits "
    "is the number on a card."
)


@app.command()
def run(config: ConfigFile = DEFAULT) -> None:
    """Runs the gateway until it is told to stop."""
    from gateway.daemon.config import load

    known = load(config)
    from gateway.daemon import serving

    serving.run(known, lambda text: typer.echo(text, err=True))


@app.command()
def demo(
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port of the pages; 8080, or a free one, when not given.")
    ] = None,
    data: Annotated[Path, typer.Option(help="Where the demo keeps its state.")] = Path("var/demo"),
    traffic: Annotated[bool, typer.Option(help="Whether simulated residents come and go by themselves.")] = True,
    fresh: Annotated[bool, typer.Option("--fresh", help="Starts over: forgets what an earlier demo made.")] = False,
) -> None:
    """Runs a whole compound on this machine: gateway, broker, readers, barriers, controllers, people."""
    from gateway.daemon import demo as compound

    compound.run(data, port=port, traffic=traffic, fresh=fresh)


@app.command()
def check_config(config: ConfigFile = DEFAULT) -> None:
    """Says whether the configuration and what it names can be used, and changes nothing."""
    from gateway.daemon import doctor
    from gateway.daemon.config import load

    findings = doctor.examine(load(config))
    for finding in findings:
        typer.echo(f"{'ok ' if finding.good else 'BAD'}  {finding.what}: {finding.said}")
    raise typer.Exit(0 if all(finding.good for finding in findings) else 1)


@app.command()
def why(
    portal: Annotated[str, typer.Argument(help="The portal's id, such as main-in.")],
    identity: Annotated[str, typer.Argument(help=_CREDENTIAL)],
    config: ConfigFile = DEFAULT,
) -> None:
    """Says whether a credential would pass a portal now, and why. Changes nothing."""
    from gateway.daemon import commands
    from gateway.daemon.config import load

    typer.echo(commands.why(load(config), portal, identity))


@app.command()
def fleet(config: ConfigFile = DEFAULT) -> None:
    """Shows what every controller last reported, and how far it is behind."""
    from gateway.daemon import commands
    from gateway.daemon.config import load

    commands.show_fleet(load(config))


@app.command()
def version() -> None:
    """Says which version this is."""
    from importlib.metadata import version as installed

    typer.echo(installed("gatehouse"))


@audit.command("verify")
def audit_verify(config: ConfigFile = DEFAULT) -> None:
    """Checks the journal's chain from the first record to the last."""
    from gateway.daemon import commands
    from gateway.daemon.config import load

    good, said = commands.verify_audit(load(config))
    typer.echo(said)
    raise typer.Exit(0 if good else 1)


@controllers.command("list")
def controllers_list(config: ConfigFile = DEFAULT) -> None:
    """Lists the controllers of the site."""
    fleet(config)


@controllers.command("enrol")
def controllers_enrol(
    controller: Annotated[str, typer.Argument(help="The controller's id.")],
    out: Annotated[Path, typer.Option(help="Where to write its provisioning file, readable by you alone.")],
    config: ConfigFile = DEFAULT,
) -> None:
    """Hands out a controller's provisioning file, once; enrolling again replaces its credentials."""
    from gateway.daemon import commands
    from gateway.daemon.config import load

    typer.echo(commands.enrol(load(config), controller, out))


@keys.command("init")
def keys_init(config: ConfigFile = DEFAULT) -> None:
    """Makes the first keys at random; cards can be written from then on."""
    from gateway.daemon import key_commands
    from gateway.daemon.config import load

    typer.echo(key_commands.init(load(config)))


@keys.command("import")
def keys_import(
    component: Annotated[int, typer.Option(min=1, max=2, help="Which of the two components you bring.")],
    login: Annotated[str, typer.Option("--as", prompt="Login", help="Your login; the password is asked for.")],
    purpose: Annotated[str | None, typer.Option("--key", help="Only this key, such as read.")] = None,
    config: ConfigFile = DEFAULT,
) -> None:
    """Takes keys that two managers or administrators bring: each enters one component, and neither knows the key."""
    from gateway.daemon import key_entry
    from gateway.daemon.config import load

    known = load(config)
    key_entry.run(known, login=login, component=component, purpose=key_entry.purpose_of(purpose), say=typer.echo)


@keys.command("complete")
def keys_complete(config: ConfigFile = DEFAULT) -> None:
    """Makes the keys of an import at random that nobody brought."""
    from gateway.daemon import key_commands
    from gateway.daemon.config import load

    typer.echo(key_commands.complete(load(config)))


@keys.command("discard")
def keys_discard(version: Annotated[int, typer.Argument()], config: ConfigFile = DEFAULT) -> None:
    """Gives an import up."""
    from gateway.daemon import key_commands
    from gateway.daemon.config import load

    typer.echo(key_commands.discard(load(config), version))


@keys.command("status")
def keys_status(config: ConfigFile = DEFAULT) -> None:
    """Says what there is, what is missing, and what to type next; exit code 1 while something is missing."""
    from gateway.daemon import key_commands
    from gateway.daemon.config import load

    whole, said = key_commands.show_status(load(config))
    typer.echo(said)
    raise typer.Exit(0 if whole else 1)


@keys.command("rotate")
def keys_rotate(config: ConfigFile = DEFAULT) -> None:
    """Makes new keys; cards with the old ones still count until each has been on an encoder."""
    from gateway.daemon import key_commands
    from gateway.daemon.config import load

    typer.echo(key_commands.rotate(load(config)))


@keys.command("retire")
def keys_retire(version: Annotated[int, typer.Argument()], config: ConfigFile = DEFAULT) -> None:
    """Ends an old version, once no card carries it."""
    from gateway.daemon import key_commands
    from gateway.daemon.config import load

    typer.echo(key_commands.retire(load(config), version))


@keys.command("accept")
def keys_accept(version: Annotated[int, typer.Argument()], config: ConfigFile = DEFAULT) -> None:
    """Takes a retired version back, for a card that turned up."""
    from gateway.daemon import key_commands
    from gateway.daemon.config import load

    typer.echo(key_commands.accept(load(config), version))


@keys.command("report")
def keys_report(config: ConfigFile = DEFAULT) -> None:
    """Lists the cards that still carry old keys."""
    from gateway.daemon import key_commands
    from gateway.daemon.config import load

    typer.echo(key_commands.report(load(config)))


@keys.command("move")
def keys_move(
    before: Annotated[Path, typer.Option(help="The configuration file as it was, with the old place in \\[keys].")],
    config: ConfigFile = DEFAULT,
) -> None:
    r"""Seals all secrets anew after \[keys] names another place. Stop the gateway first."""
    from gateway.daemon import key_commands
    from gateway.daemon.config import load

    typer.echo(key_commands.move(load(config), load(before)))


@keys.command("try-pin")
def keys_try_pin(config: ConfigFile = DEFAULT) -> None:
    """Gives the security module the PIN once more, after a wrong one was corrected."""
    from gateway.daemon import key_commands
    from gateway.daemon.config import load

    typer.echo(key_commands.try_pin(load(config)))


@lists.command("raise-epoch")
def lists_raise_epoch(config: ConfigFile = DEFAULT) -> None:
    """After a restore from a backup: lets the gateway publish again, above all it ever published."""
    from gateway.daemon import commands
    from gateway.daemon.config import load

    typer.echo(commands.raise_epoch(load(config)))


@users.command("link")
def users_link(
    login: Annotated[str, typer.Argument(help="Whom the link signs in.")] = "admin", config: ConfigFile = DEFAULT
) -> None:
    """Makes a link that signs the user in once, within ten minutes."""
    from gateway.daemon import commands
    from gateway.daemon.config import load

    typer.echo(commands.user_link(load(config), login))


def main() -> None:
    """Runs a command; what cannot be done is said in one sentence."""
    try:
        keep_out_of_dumps()
        app()
    except GatehouseError as error:
        typer.echo(f"gatehouse: {error}", err=True)
        sys.exit(1)
