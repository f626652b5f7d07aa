"""An answer that somebody began: kept on the server while they type, so that no closed tab and no killed browser loses it."""

from datetime import datetime

from postern.actions.frame import Frame
from postern.actions.viewer import Viewer
from postern.errors import NotFoundError
from postern.mail.characters import clean
from postern.model.thread import Thread
from postern.storage.drafts import find_draft, set_draft
from postern.storage.relationships import find_relationship
from postern.storage.store import Look, Store


def keep_draft(store: Store, frame: Frame, viewer: Viewer, thread: Thread, text: str, now: datetime) -> None:
    """Keep what was typed until now; an empty box forgets it. Raises NotFoundError where the buyer was erased, and StoreError."""
    with store.look() as look:
        found = find_relationship(look, viewer.seller.id, thread.relationship_id)
    if found is None:
        raise NotFoundError("this buyer is not known any more")
    words, seller_id, person_id, key = clean(text)[: frame.limits.posted_text], viewer.seller.id, viewer.person_id, found[1]
    store.write(lambda transaction: set_draft(transaction, key, seller_id, thread.id, person_id, words, now)).result()


def read_draft(look: Look, viewer: Viewer, thread: Thread) -> str:
    """What this person began here; empty where that is nothing."""
    found = find_relationship(look, viewer.seller.id, thread.relationship_id)
    return find_draft(look, found[1], viewer.seller.id, thread.id, viewer.person_id) if found else ""
