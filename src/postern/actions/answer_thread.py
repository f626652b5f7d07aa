"""An answer from the desk: sent by the path of every message, and the draft of it forgotten once it is kept."""

from datetime import datetime

from postern.actions.frame import Frame
from postern.actions.keep_draft import keep_draft
from postern.actions.post_message import post_message
from postern.actions.posting.outgoing import Answer, InThread, Outgoing, Posted
from postern.actions.viewer import Viewer
from postern.model.relationship import Side
from postern.model.remark import Door
from postern.model.thread import Thread
from postern.storage.store import Store


def answer_thread(  # noqa: PLR0913, PLR0917 - who writes what where, when
    store: Store, frame: Frame, viewer: Viewer, thread: Thread, text: str, key: str, now: datetime
) -> Answer:
    """Send it as the seller's customer service, who it speaks for. The same key again is the same message: a form that is sent
    twice writes once. Refused, nothing is kept but the draft. Raises NotFoundError where the buyer was erased, and StoreError.
    """
    content = InThread(thread.id, text)
    outgoing = Outgoing(viewer.seller.id, thread.relationship_id, Side.SELLER, content, Door.PAGE, key)
    answer = post_message(store, frame, outgoing, now)
    keep_draft(store, frame, viewer, thread, "" if isinstance(answer, Posted) else text, now)
    return answer
