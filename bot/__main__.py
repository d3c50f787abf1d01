"""The command line: `vibesmith` or `python -m bot`."""

from __future__ import annotations

import json
import logging
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from bot.settings import Settings, load_settings
from core.errors import VibesmithError
from core.models import FEATURES, Playlist, Sign, Vibe
from core.text import counted

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Say how you feel, get a playlist that fits.",
    pretty_exceptions_enable=False,
)
catalogue_app = typer.Typer(no_args_is_help=True, help="The songs that vibesmith knows.")
app.add_typer(catalogue_app, name="catalogue")

out = Console()
err = Console(stderr=True)
_REJECTS_SHOWN: Final = 20
_WIDE: Final = 110
_SIGN_STYLES: Final = {Sign.WANTED: "bold green", Sign.UNWANTED: "bold red", Sign.LIKE: "bold cyan"}
_SIGN_WORDS: Final = {Sign.WANTED: "", Sign.UNWANTED: "no ", Sign.LIKE: "like "}


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on the error stream, that shows itself at the first report."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=err, transient=True)
    task = None

    def report(done: int, total: int) -> None:
        nonlocal task
        if task is None:
            bar.start()
            task = bar.add_task(what, total=total)
        bar.update(task, completed=done, total=total)

    try:
        yield report
    finally:
        if task is not None:
            bar.stop()


@app.command()
def vibe(
    text: Annotated[str, typer.Argument(help="How you feel, or what you do.")],
    count: Annotated[int | None, typer.Option(help="How many songs (1 to 100).")] = None,
    minutes: Annotated[int | None, typer.Option(help="How long, in minutes, instead of a number of songs.")] = None,
    seed: Annotated[int, typer.Option(help="Another number, another selection of songs that fit.", min=0)] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Print a playlist for a vibe."""
    if count is not None and minutes is not None:
        raise VibesmithError("--count and --minutes exclude each other.", "Give one of them.")
    from bot.app import Studio
    from core.ranking.composer import VibeRequest
    from core.vibe.interpreter import check_text

    check_text(text)
    studio = Studio(_settings())
    with _progress("Building the index, once") as report:
        composer, _ = studio.composer(report)
    playlist = composer.compose(VibeRequest(text, count, minutes, seed))
    if as_json:
        sys.stdout.write(json.dumps(playlist_record(playlist), ensure_ascii=False) + "\n")
    else:
        _print_playlist(playlist)


@app.command()
def understand(
    text: Annotated[str, typer.Argument(help="How you feel, or what you do.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Print how a vibe is understood: its clauses with their words, and the mood aimed at."""
    from bot.app import make_embedder, make_interpreter, open_catalogue

    settings = _settings()
    with open_catalogue(settings) as store:
        vibe = make_interpreter(store, make_embedder(settings)).understand(text).vibe
    if as_json:
        sys.stdout.write(json.dumps(vibe.to_record(), ensure_ascii=False) + "\n")
    else:
        _print_vibe(vibe)


def _print_vibe(vibe: Vibe) -> None:
    line = Text(vibe.text)
    clauses = Table("words", "kind", "means", box=None, header_style="dim", padding=(0, 2, 0, 0))
    for clause in vibe.clauses:
        line.stylize(_SIGN_STYLES[clause.sign], clause.start, clause.end)
        words = Text(vibe.text[clause.start : clause.end], _SIGN_STYLES[clause.sign])
        clauses.add_row(words, clause.kind.value, _SIGN_WORDS[clause.sign] + clause.value)
    out.print(line)
    if vibe.clauses:
        out.print(clauses)
    mood = Table("mood", "lean", "", box=None, header_style="dim", padding=(0, 2, 0, 0))
    for name, lean in zip(FEATURES, vibe.mood.features, strict=True):
        mood.add_row(name, f"{lean:+.2f}", ("▮" if lean > 0 else "▯") * min(20, round(abs(lean) * 8)))
    out.print(mood)
    for what, found in (("genres", vibe.mood.genres), ("emotions", vibe.mood.emotions)):
        out.print(f"[dim]{what}[/dim]  {', '.join(name for name, _ in found)}")


def playlist_record(playlist: Playlist) -> dict[str, Any]:
    """A playlist as the JSON object that `vibe --json` prints."""
    return {
        "vibe": playlist.vibe.to_record(),
        "tracks": [
            {
                "id": pick.track.id, "title": pick.track.title, "artists": list(pick.track.artists),
                "year": pick.track.year, "score": pick.score, "reasons": list(pick.reasons),
                "duration_ms": pick.track.duration_ms, "url": pick.track.url,
            }
            for pick in playlist.picks
        ],
        "seed": playlist.seed, "catalogue": playlist.catalogue, "notes": list(playlist.notes),
    }  # fmt: skip


def _print_playlist(playlist: Playlist) -> None:
    minutes = round(playlist.duration_ms / 60_000)
    moods = ", ".join(playlist.vibe.moods)
    out.print(f"\n[bold]{escape(playlist.vibe.text)}[/bold]" + (f"  [dim]· {moods}[/dim]" if moods else ""))
    # A quotation needs room; in a narrow window the strongest fact stands alone.
    shown = 2 if out.width >= _WIDE else 1
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column("", justify="right", style="dim")
    table.add_column("title", style="bold", ratio=3)
    table.add_column("artist", ratio=3)
    table.add_column("year", style="dim")
    table.add_column("why", style="cyan", ratio=5)
    for number, pick in enumerate(playlist.picks, 1):
        track = pick.track
        table.add_row(
            str(number),
            escape(track.title),
            escape(track.byline),
            str(track.year or ""),
            escape("; ".join(pick.reasons[:shown])),
        )
    out.print(table)
    for note in playlist.notes:
        out.print(f"[yellow]{escape(note)}[/yellow]")
    out.print(f"[dim]{counted(len(playlist.picks), 'song')}, {counted(minutes, 'minute')}[/dim]\n")


@catalogue_app.command("info")
def catalogue_info() -> None:
    """Show how many songs there are, and where they came from."""
    from bot.app import open_catalogue

    with open_catalogue(_settings()) as store:
        table = Table("source", "songs", "imported", box=None, header_style="dim", padding=(0, 2, 0, 0))
        for source in store.sources():
            table.add_row(escape(source.name), f"{source.tracks:,}", source.imported_at)
        out.print(table)
        out.print(f"[bold]{len(store):,} songs[/bold]  [dim]fingerprint {store.fingerprint}[/dim]")


@catalogue_app.command("import")
def catalogue_import(
    file: Annotated[Path, typer.Argument(help="CSV or JSONL, plain or .gz.")],
    replace: Annotated[bool, typer.Option("--replace", help="Leave only this file's songs.")] = False,
) -> None:
    """Add the songs of a file, and make them searchable."""
    from bot.app import Studio
    from core.catalogue.importing import import_file
    from core.catalogue.reading import Rejected

    studio = Studio(_settings())
    shown = 0

    def rejected(row: Rejected) -> None:
        nonlocal shown
        shown += 1
        if shown <= _REJECTS_SHOWN:
            err.print(f"[yellow]line {row.line}:[/yellow] {escape(row.reason)}", highlight=False)

    try:
        with _progress("Reading") as report:
            done = import_file(studio.store, file, replace=replace, on_rejected=rejected, on_progress=report)
    finally:
        if shown > _REJECTS_SHOWN:
            err.print(f"[yellow]… and {shown - _REJECTS_SHOWN:,} more rows.[/yellow]")
    with _progress("Indexing") as report:
        studio.composer(report)
    counts = done.counts
    out.print(
        f"{escape(file.name)}: {counts.added:,} songs added, {counts.updated:,} updated, {counts.unchanged:,} the same,"
        f" {done.rejected:,} rows skipped" + (f"; {done.removed:,} other songs removed" if replace else "") + "."
    )


@catalogue_app.command("export")
def catalogue_export(file: Annotated[Path, typer.Argument(help="The JSONL file to write.")]) -> None:
    """Write all songs as JSON lines, which `import` reads."""
    from bot.app import open_catalogue
    from core.catalogue.importing import export_file

    with open_catalogue(_settings()) as store:
        out.print(f"{export_file(store, file):,} songs written to {escape(str(file))}.")


@app.command()
def evaluate(
    kind: Annotated[str, typer.Argument(help="vibes, dialogues, taste or intents.")],
    queries: Annotated[Path, typer.Argument(help="The queries, as JSON lines.")],
    run: Annotated[Path, typer.Option("--out", help="The run to write.")],
    limit: Annotated[int | None, typer.Option(help="Songs a query (default: all of --within, else 1,000).")] = None,
    within: Annotated[Path | None, typer.Option(help="A JSON list of track ids: rank these alone.")] = None,
) -> None:
    """Run the product over a query file, for scoring."""
    from bot.app import Studio
    from bot.evaluation import evaluate as evaluate_file

    studio = Studio(_settings())
    with _progress("Building the index, once") as report:
        composer, _ = studio.composer(report)
    with _progress("Queries") as report:
        lines = evaluate_file(
            composer, studio.store, kind, queries, run, limit=limit, within=within, on_progress=report
        )
    out.print(f"{lines:,} queries written to {escape(str(run))}.")


@app.command(name="run")
def run_command() -> None:
    """Start the Discord bot."""
    from bot.service import serve

    raise typer.Exit(serve(_settings()))


@app.command()
def doctor() -> None:
    """Check settings, model, catalogue, index, database and services, one line each."""
    from bot.doctor import examine

    healthy = True
    for finding in examine(_settings()):
        healthy &= finding.ok
        mark = "[green]ok  [/green]" if finding.ok else "[red]wrong[/red]"
        out.print(f"{mark} [bold]{finding.what}[/bold]  {escape(finding.detail)}", highlight=False, soft_wrap=True)
        if finding.advice:
            out.print(f"     [yellow]{escape(finding.advice)}[/yellow]", highlight=False, soft_wrap=True)
    raise typer.Exit(0 if healthy else 1)


def _settings() -> Settings:
    settings = load_settings()
    logging.basicConfig(
        level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr
    )
    return settings


def _complain(message: str, hint: str = "") -> None:
    err.print(f"[red]{escape(message)}[/red]" + (f" {escape(hint)}" if hint else ""), highlight=False, soft_wrap=True)


def main() -> None:
    """Run the command line; a person never sees a traceback."""
    try:
        app(standalone_mode=True)
    except VibesmithError as error:
        _complain(error.message, error.hint)
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except sqlite3.Error as error:
        _complain(f"The catalogue cannot be used: {error}.", "Is another import running? Else see: vibesmith doctor.")
        raise SystemExit(1) from None
    except BrokenPipeError:
        sys.stderr.close()  # the reader has gone: nobody is left to complain to
        raise SystemExit(141) from None
    except OSError as error:
        _complain(f"{error.filename or 'A file'} cannot be used: {error.strerror or error}.")
        raise SystemExit(1) from None
    except Exception as error:
        logging.getLogger(__name__).debug("unexpected", exc_info=True)
        err.print(
            f"[red]vibesmith has a fault: {type(error).__name__}: {escape(str(error))}.[/red]",
            highlight=False,
            soft_wrap=True,
        )
        err.print("Run the command again with LOG_LEVEL=DEBUG and report what it prints.", highlight=False)
        raise SystemExit(70) from None


if __name__ == "__main__":
    main()
