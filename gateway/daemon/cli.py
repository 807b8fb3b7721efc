"""The command ``gatehouse``. Each command imports what it needs when it runs, so that ``--help`` answers at once."""

# ruff: noqa: PLC0415, FBT002  # typer's options are parameters; the imports inside the commands are the point of this module

import sys
from pathlib import Path
from typing import Annotated

import typer

from gateway.domain.errors import GatehouseError

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Open gate system for residential compounds.")
audit = typer.Typer(no_args_is_help=True, help="The record of what happened.")
controllers = typer.Typer(no_args_is_help=True, help="Gate controllers.")
users = typer.Typer(no_args_is_help=True, help="People who use Gatehouse.")
lists = typer.Typer(no_args_is_help=True, help="Whitelists.")
app.add_typer(lists, name="lists")
app.add_typer(audit, name="audit")
app.add_typer(controllers, name="controllers")
app.add_typer(users, name="users")

ConfigFile = Annotated[
    Path, typer.Option("--config", "-c", envvar="GATEHOUSE_CONFIG", help="The configuration file.", dir_okay=False)
]
DEFAULT = Path("gatehouse.toml")


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
    identity: Annotated[str, typer.Argument(help="A card's UID, or kind:value, such as plate:粤B12345.")],
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
        app()
    except GatehouseError as error:
        typer.echo(f"gatehouse: {error}", err=True)
        sys.exit(1)
