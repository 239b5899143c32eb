"""The verbs of the flow language, each in a module of its own: its options, its exits, what it does."""

from collections.abc import Mapping
from typing import TypeAlias

from ivr.verbs.announce import Announce
from ivr.verbs.callback import Callback
from ivr.verbs.collect import Collect
from ivr.verbs.hangup import Hangup
from ivr.verbs.hours import Hours
from ivr.verbs.language import SetLanguage
from ivr.verbs.lookup import Lookup
from ivr.verbs.menu import Menu
from ivr.verbs.play import Play
from ivr.verbs.queue import Queue
from ivr.verbs.seat import Seat
from ivr.verbs.set import Set
from ivr.verbs.split import Split
from ivr.verbs.subflow import Return, SubFlow
from ivr.verbs.survey import Survey
from ivr.verbs.switch import Switch
from ivr.verbs.tag import Tag
from ivr.verbs.transfer import Transfer
from ivr.verbs.verb import Verb
from ivr.verbs.voicemail import Record, Voicemail

Node: TypeAlias = Verb
VERBS: Mapping[str, type[Verb]] = {
    kind.verb: kind
    for kind in (
        *(Play, Menu, Collect, Set, Switch, Hours, Lookup, Queue, Transfer, Callback, Voicemail, Record),
        *(Survey, SetLanguage, SubFlow, Return, Announce, Tag, Split, Seat, Hangup),
    )
}
