"""The flows' folder, read as a whole: right, and kept, or all that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from hotline.flows.keep import Changed, Keep
from hotline.site import Site
from hotline.site_names import names_of
from ivr.language.flow import FlowSet
from ivr.reading.folder import is_read
from ivr.reading.loader import look_at
from ivr.reading.problem import Problem, SourceErrors, did_you_mean
from ivr.reading.source import beginning


def read_flows(site: Site, keep: Keep) -> FlowSet:
    """Return the flows as they are in their folder, each kept. Blocks.

    Raises `SourceErrors` with every mistake, or `HotlineError` where they cannot be kept.
    """
    documents = _documents(site.flows)
    loaded = look_at(site.flows, names_of(site))
    live = loaded.flows
    if live is None:
        raise SourceErrors(problem for problem in loaded.problems if problem.severity == "error")
    if problems := list(number_problems(site, live)):
        raise SourceErrors(problems)
    if _documents(site.flows) != documents:  # what was checked is what is kept
        raise Changed(site.flows)
    for flow in live.flows:
        keep.put(flow, live, site.flows, documents, loaded.files)
    return keep.from_here(live)


def number_problems(site: Site, live: FlowSet) -> Iterator[Problem]:
    """Yield what is wrong between the site's numbers and codes and the flows that they lead to."""
    settings = site.settings
    entries = [("numbers", number, entry) for number, entry in settings.numbers.items()]
    entries += [("codes", code, entry) for code, entry in settings.codes.items()]
    for key, number, entry in entries:
        flow = live.flows.get(entry.flow)
        if flow is None:
            message = f"there is no flow {entry.flow!r}{did_you_mean(entry.flow, live.flows)}"
            yield site.problem((key, number, "flow"), "unknown-flow", message)
        elif entry.language not in flow.languages:
            known = ", ".join(flow.languages)
            message = f"the flow {entry.flow!r} does not speak {entry.language!r}; it speaks {known}"
            yield site.problem((key, number, "language"), "unknown-language", message)
        elif flow.arguments:
            message = (
                f"the flow {entry.flow!r} wants arguments of a flow that calls it; no number can lead to it"
            )
            yield site.problem((key, number, "flow"), "wants-arguments", message)


def _documents(folder: Path) -> dict[str, bytes]:
    """Return what is in the files, but for what cannot be read: that the checker tells, with its place."""
    documents = {}
    with suppress(OSError):
        for file in filter(is_read, sorted(folder.iterdir())):
            with suppress(OSError):
                documents[file.name] = beginning(file)
    return documents
